package peer

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// floatError is by how much, relatively, floats may differ.
const floatError = 1e-9

// sameCell reports whether a cell's text means the value that DuckDB gave. Floats may differ by
// floatError relatively and by absolute; other numbers must have the same value.
func sameCell(text string, v any, absolute float64) bool {
	switch v := v.(type) {
	case nil:
		return text == "NULL"
	case bool:
		return text == strings.ToUpper(strconv.FormatBool(v))
	case string:
		return text == v || v == "" && text == "(empty)"
	case []byte:
		return strings.EqualFold(text, hex.EncodeToString(v))
	case float32:
		return sameFloat(text, float64(v), math.Max(absolute, math.Abs(float64(v))*1e-7))
	case float64:
		return sameFloat(text, v, absolute)
	case time.Time:
		return sameTime(text, v)
	case duckdb.Decimal:
		return sameNumber(text, v.String())
	}
	return sameNumber(text, fmt.Sprint(v))
}

func sameFloat(text string, v, absolute float64) bool {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return false
	}
	if math.IsNaN(f-v) || math.IsInf(f-v, 0) {
		return math.IsNaN(f) && math.IsNaN(v) || f == v
	}
	return math.Abs(f-v) <= math.Max(absolute, floatError*math.Max(math.Abs(f), math.Abs(v)))
}

func sameNumber(text, other string) bool {
	a, okA := new(big.Rat).SetString(text)
	b, okB := new(big.Rat).SetString(other)
	if !okA || !okB {
		return text == other
	}
	return a.Cmp(b) == 0
}

// sameTime takes dates, times and timestamps of any precision.
func sameTime(text string, v time.Time) bool {
	v = v.UTC()
	for _, layout := range []string{"2006-01-02", "2006-01-02 15:04:05.999999999"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Equal(v)
		}
	}
	t, err := time.Parse("15:04:05.999999999", text)
	clock := time.Date(0, 1, 1, v.Hour(), v.Minute(), v.Second(), v.Nanosecond(), time.UTC)
	return err == nil && t.Equal(clock)
}

func TestCells(t *testing.T) {
	for _, c := range []struct {
		text string
		v    any
		want bool
	}{
		{"NULL", nil, true},
		{"0", nil, false},
		{"TRUE", true, true},
		{"TRUE", false, false},
		{"1.50", 1.5, true},
		{"1.51", 1.5, false},
		{"NaN", math.NaN(), true},
		{"-Infinity", math.Inf(1), false},
		{"Infinity", 4.5, false},
		{"7", int64(7), true},
		{"7.00", int32(7), true},
		{"8", int64(7), false},
		{"1.50", duckdb.Decimal{Width: 4, Scale: 1, Value: big.NewInt(15)}, true},
		{"2024-02-29", time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), true},
		{"2024-02-29 00:00:00.001", time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), false},
		{"00ff", []byte{0, 255}, true},
	} {
		if got := sameCell(c.text, c.v, 0); got != c.want {
			t.Errorf("%q and %v: %t", c.text, c.v, got)
		}
	}
}
