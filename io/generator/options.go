package generator

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/anabranch/anabranch/catalog"
)

// options read a table's options and gather every error.
type options struct {
	given map[string]string
	used  map[string]bool // keys asked for; nil if nobody wants to know
	errs  []string
}

func (o *options) int(key string, fallback, low int64) int64 {
	text, ok := o.get(key)
	if !ok {
		return fallback
	}
	v, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || v < low {
		o.errs = append(o.errs, fmt.Sprintf("option '%s' is '%s', not an integer of at least %d", key, text, low))
		return fallback
	}
	return v
}

// between reads an integer that is neither below low nor above high.
func (o *options) between(key string, fallback, low, high int64) int64 {
	v := o.int(key, fallback, low)
	if v > high {
		o.errs = append(o.errs, fmt.Sprintf("option '%s' is '%d', not an integer from %d to %d", key, v, low, high))
		return fallback
	}
	return v
}

// bytes reads a memory size such as "200b" or "1 kb".
func (o *options) bytes(key string, fallback int64) int64 {
	text, ok := o.given[key]
	if !ok {
		return fallback
	}
	s := strings.ToLower(strings.TrimSpace(text))
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyz ")
	unit := map[string]int64{"": 1, "b": 1, "bytes": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20}[strings.TrimSpace(s[len(digits):])]
	v, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || unit == 0 || v < 0 || v > 1<<20 {
		o.errs = append(o.errs, fmt.Sprintf("option '%s' is '%s', not a size such as 200b", key, text))
		return fallback
	}
	return v * unit
}

func (o *options) bool(key string, fallback bool) bool {
	text, ok := o.get(key)
	if !ok {
		return fallback
	}
	v, err := strconv.ParseBool(strings.ToLower(strings.TrimSpace(text)))
	if err != nil {
		o.errs = append(o.errs, fmt.Sprintf("option '%s' is '%s', not true or false", key, text))
		return fallback
	}
	return v
}

// get is the text of an option.
func (o *options) get(key string) (text string, ok bool) {
	if o.used != nil {
		o.used[key] = true
	}
	text, ok = o.given[key]
	return text, ok
}

func (o *options) text(key, fallback string) string {
	if text, ok := o.get(key); ok {
		return text
	}
	return fallback
}

func (o *options) float(key string, fallback float64) float64 {
	text, ok := o.get(key)
	if !ok {
		return fallback
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		o.errs = append(o.errs, fmt.Sprintf("option '%s' is '%s', not a number", key, text))
		return fallback
	}
	return v
}

// duration reads a duration such as "10 s" or "2 h" in microseconds.
func (o *options) duration(key string, fallback int64) int64 {
	text, ok := o.get(key)
	if !ok {
		return fallback
	}
	v, ok := catalog.ParseDuration(text)
	if !ok {
		o.errs = append(o.errs, fmt.Sprintf("option '%s' is '%s', not a duration such as 10s", key, text))
		return fallback
	}
	return v.Microseconds()
}

// unknown notes the options with a prefix that nobody asked for.
func (o *options) unknown(prefix string) {
	for _, key := range slices.Sorted(maps.Keys(o.given)) {
		if strings.HasPrefix(key, prefix) && !o.used[key] {
			o.errs = append(o.errs, fmt.Sprintf("option '%s' belongs to no column, or to no column of its kind", key))
		}
	}
}

func (o *options) err() error {
	if len(o.errs) == 0 {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(o.errs, "; "))
}
