package text

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/anabranch/anabranch/columnar"
)

func TestDates(t *testing.T) {
	for day := int64(-800000); day < 800000; day += 37 {
		want := time.Unix(day*86400, 0).UTC()
		got := string(AppendDate(nil, day))
		if want.Year() >= 0 && want.Year() < 10000 {
			if s := want.Format("2006-01-02"); s != got {
				t.Fatalf("day %d: %s, want %s", day, got, s)
			}
			if back, ok := ParseDate([]byte(got)); !ok || int64(back) != day {
				t.Fatalf("%s: day %d, want %d", got, back, day)
			}
		}
	}
	for _, s := range []string{"", "2023-02-29", "2023-13-01", "2023-1-01", "2023-01-00", "20230101xx", "2023-01-32"} {
		if _, ok := ParseDate([]byte(s)); ok {
			t.Errorf("%q is a date", s)
		}
	}
}

func TestTimestamps(t *testing.T) {
	for _, c := range []struct {
		text      string
		precision int
		want      int64
		back      string
	}{
		{"1970-01-01 00:00:01", 3, 1000, "1970-01-01 00:00:01"},
		{"1970-01-01T00:00:01.5Z", 6, 1500000, "1970-01-01 00:00:01.5"},
		{"1969-12-31 23:59:59.999999999", 9, -1, "1969-12-31 23:59:59.999999999"},
		{"2020-02-29 12:30:00.789", 0, 1582979400000, "2020-02-29 12:30:00"},
		{"2020-02-29 12:30:00.789", 2, 1582979400780, "2020-02-29 12:30:00.78"},
		{"1969-12-31 23:59:59.99999", 4, -100, "1969-12-31 23:59:59.9999"},
		{"2020-02-29 12:30", 0, 1582979400000, "2020-02-29 12:30:00"},
	} {
		got, ok := ParseTimestamp([]byte(c.text), c.precision)
		if !ok || got != c.want {
			t.Errorf("%q: %d %t, want %d", c.text, got, ok, c.want)
		}
		if s := string(AppendTimestamp(nil, got, c.precision, ' ')); s != c.back {
			t.Errorf("%q: back %q", c.text, s)
		}
	}
}

// TestBytesOfTimestamps puts every byte into every place of a timestamp and asks the standard library.
func TestBytesOfTimestamps(t *testing.T) {
	for _, text := range []string{"2024-02-29 23:59:58", "1999-12-31 00:00:00.123", "2001-10-10 10:10"} {
		layout := "2006-01-02 15:04:05.999999999"[:max(16, len(text))]
		for i := range text {
			for c := range 256 {
				b := []byte(text)
				b[i] = byte(c)
				want, err := time.Parse(layout, string(b))
				if i == 10 && c == 'T' || c == 'Z' || i == 11 && c == ' ' { // what the two take otherwise
					continue
				}
				got, ok := ParseTimestamp(b, 3)
				if i == 19 && c == ',' {
					err = strconv.ErrSyntax // the standard library takes a comma for a point
				}
				if ok != (err == nil) || ok && got != want.UnixMilli() {
					t.Errorf("%q: %d %t, want %d %v", b, got, ok, want.UnixMilli(), err)
				}
			}
		}
	}
}

func TestDecimals(t *testing.T) {
	for _, c := range []struct {
		text             string
		precision, scale int
		want             string
	}{
		{"1.5", 10, 2, "1.50"},
		{"-0.005", 10, 2, "-0.01"},
		{"1e3", 10, 2, "1000.00"},
		{"0.004", 3, 2, "0.00"},
		{"99999999999999999999.5", 38, 0, "100000000000000000000"},
		{"100", 3, 1, ""},
		{"", 3, 1, ""},
		{".", 3, 1, ""},
		{".5", 3, 1, "0.5"},
		{"5.", 3, 1, "5.0"},
		{"1/2", 3, 1, ""},
		{"1e99999999", 38, 0, ""},
		{"9.99", 2, 1, ""},
	} {
		v, ok := ParseDecimal([]byte(c.text), c.precision, c.scale)
		got := ""
		if ok {
			got = string(AppendDecimal(nil, v, c.scale))
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
	if s := string(AppendDecimal(nil, columnar.Int128Of(-1<<63), 2)); s != "-92233720368547758.08" {
		t.Error(s)
	}
}

func TestParseFloatTakesNoFormsOfGo(t *testing.T) {
	for _, s := range []string{"1_000", "1_0.5", "0x10", "0X1P3"} {
		if f, ok := ParseFloat([]byte(s)); ok {
			t.Errorf("%q is %v", s, f)
		}
	}
}

func FuzzFloat(f *testing.F) {
	for _, s := range []string{"1.5", "-0", "1e5", "123456789012345.6", ".", "1.", "NaN", "0x1p3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ContainsAny(s, "_xX") {
			return // of Go alone
		}
		got, ok := ParseFloat([]byte(s))
		want, err := strconv.ParseFloat(s, 64)
		if ok != (err == nil) && want-want == 0 || ok && got != want && got == got {
			t.Errorf("%q: %v %t, want %v %v", s, got, ok, want, err)
		}
	})
}

func TestInfinities(t *testing.T) {
	v := columnar.NewVector(columnar.TypeDouble)
	v.Reset(2)
	defer v.Release()
	for i, want := range []string{"Infinity", "-Infinity"} {
		f, ok := ParseFloat([]byte(want))
		columnar.Values[float64](v)[i] = f
		if got := string(Append(nil, v, i)); !ok || got != want {
			t.Errorf("%q: back %q", want, got)
		}
	}
}

// TestBinaries writes bytes that are no text and reads them back.
func TestBinaries(t *testing.T) {
	v, again := columnar.NewVector(columnar.TypeBytes), columnar.NewVector(columnar.TypeBytes)
	v.Reset(1)
	again.Reset(1)
	v.SetBytes(0, []byte("\x00\xff\n,\""))
	written := Append(nil, v, 0)
	if string(written) != "AP8KLCI=" || !Set(again, 0, written) || string(again.Bytes(0)) != string(v.Bytes(0)) {
		t.Errorf("%s is read as %q", written, again.Bytes(0))
	}
	if Set(again, 0, []byte("no base64")) {
		t.Error("what is no base64 is read")
	}
}
