// Package bench measures the engine as the command line runs it and reports what it found.
//
// Invariant: every figure is of work that was done in this run; a report says on which machine and
// what each figure is of.
package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is the outcome of a benchmark.
type Report struct {
	Benchmark  string         `json:"benchmark"`
	Machine    Machine        `json:"machine"`
	Parameters map[string]any `json:"parameters"`
	// Measures says what the figures are of.
	Measures []string `json:"measures"`
	Results  any      `json:"results"`

	head []string
	rows [][]string
}

// Formats lists how reports can be written.
func Formats() []string { return []string{"table", "json"} }

// CheckFormat reports an unknown format.
func CheckFormat(format string) error {
	if !slices.Contains(Formats(), format) {
		return fmt.Errorf("unknown format %q (known: %s)", format, strings.Join(Formats(), ", "))
	}
	return nil
}

// Write writes the report in a format.
func (r *Report) Write(w io.Writer, format string) error {
	if format == "json" {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	fmt.Fprintln(w, r.Machine)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(r.head, "\t"))
	for _, row := range r.rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, m := range r.Measures {
		fmt.Fprintln(w, m)
	}
	return nil
}

func (r *Report) row(cells ...string) { r.rows = append(r.rows, cells) }

// seconds shows a number of seconds in a unit that suits it.
func seconds(s float64) string {
	switch d := time.Duration(s * 1e9); {
	case d < time.Millisecond:
		return fmt.Sprintf("%.1fus", s*1e6)
	case d < time.Second:
		return fmt.Sprintf("%.1fms", s*1e3)
	}
	return fmt.Sprintf("%.2fs", s)
}

// quantile is the value below which the share q of the values lies, by the nearest rank; 0 of none.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	rank := int(q * float64(len(s)))
	if float64(rank) < q*float64(len(s)) {
		rank++
	}
	return s[max(rank, 1)-1]
}

// median is the middle value, or the mean of the two in the middle; 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
