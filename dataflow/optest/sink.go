package optest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// Text shows the values of row i, each behind a blank.
func Text(b *columnar.Batch, i int) string {
	text := ""
	for _, v := range b.Cols {
		text += " " + string(columnar.AppendText(nil, v, i, nil))
	}
	return text
}

// Fold folds a changelog: it holds the rows that were added and not taken back. It has no room every
// other time it is asked.
type Fold struct {
	Rows  map[string]int
	Err   error // what was taken back but was not there
	Moves int   // rows that came
	asked int
}

// NewFold makes an empty one.
func NewFold() *Fold { return &Fold{Rows: map[string]int{}} }

// Emit takes rows in.
func (s *Fold) Emit(b *columnar.Batch) error {
	for k := range b.Live() {
		i := b.Row(k)
		text := Text(b, i)
		s.Moves++
		if !b.Kind(i).Retracts() {
			s.Rows[text]++
			continue
		}
		if s.Rows[text]--; s.Rows[text] < 0 {
			s.Err = fmt.Errorf("row%s is taken back but was not there", text)
		} else if s.Rows[text] == 0 {
			delete(s.Rows, text)
		}
	}
	return nil
}

// Room is true every other time.
func (s *Fold) Room() bool { s.asked++; return s.asked%2 == 0 }

// Done is false.
func (s *Fold) Done() bool { return false }

// Differing says how the rows of two folds differ.
func Differing(got, want map[string]int) (lines []string) {
	for row, n := range got {
		if want[row] != n {
			lines = append(lines, fmt.Sprintf("%q is there %d times, want %d", row, n, want[row]))
		}
	}
	for row, n := range want {
		if got[row] == 0 {
			lines = append(lines, fmt.Sprintf("%q is missing, want %d", row, n))
		}
	}
	slices.Sort(lines)
	return lines
}

// Log notes rows in their order; with Kinds each behind its kind, and of Columns only, if there are any.
type Log struct {
	Kinds   bool
	Columns []int
	Rows    []string
}

// Emit takes rows in.
func (l *Log) Emit(b *columnar.Batch) error {
	for k := range b.Live() {
		i := b.Row(k)
		text := ""
		if l.Kinds {
			text = b.Kind(i).String()
		}
		for c, v := range b.Cols {
			if l.Columns == nil || slices.Contains(l.Columns, c) {
				text += " " + string(columnar.AppendText(nil, v, i, nil))
			}
		}
		l.Rows = append(l.Rows, text)
	}
	return nil
}

// Room depends on the rows there are.
func (l *Log) Room() bool { return len(l.Rows)%2 == 0 }

// Done is false.
func (l *Log) Done() bool { return false }

// Discard drops all rows and always has room.
type Discard struct{}

// Emit drops a batch.
func (Discard) Emit(*columnar.Batch) error { return nil }

// Room is true.
func (Discard) Room() bool { return true }

// Done is false.
func (Discard) Done() bool { return false }

// Drain resumes an operator, whose last call returned status and err, until it has no more to emit.
func Drain(t testing.TB, r dataflow.Resumer, status dataflow.Status, err error, out dataflow.Output) {
	t.Helper()
	for err == nil && status == dataflow.More {
		status, err = r.Resume(out)
	}
	Must(t, err)
}

// Must ends the test if there is an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
