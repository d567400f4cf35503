package parquet

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/anabranch/anabranch/columnar"
)

// lineitemEnv names a TPC-H lineitem file to measure with.
const lineitemEnv = "ANABRANCH_LINEITEM"

func openLineitem(tb testing.TB) *File {
	tb.Helper()
	path := os.Getenv(lineitemEnv)
	if path == "" {
		tb.Skipf("%s does not name a lineitem file", lineitemEnv)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	f, err := Open(bytes.NewReader(b), int64(len(b)), path)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

func drain(tb testing.TB, s *Scanner, each func(*columnar.Batch)) int {
	tb.Helper()
	rows := 0
	for {
		b, err := s.Next()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			tb.Fatal(err)
		}
		rows += b.Len()
		if each != nil {
			each(b)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	f := openLineitem(b)
	cases := []struct {
		name    string
		columns []string
	}{
		{"numeric5", []string{"l_quantity", "l_extendedprice", "l_discount", "l_tax", "l_shipdate"}},
		{"flags", []string{"l_returnflag", "l_linestatus", "l_shipmode"}},
		{"comment", []string{"l_comment"}},
		{"all", f.Schema().Names()},
	}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			var columns []int
			for _, n := range c.columns {
				columns = append(columns, f.Schema().Index(n))
			}
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				s := f.Scan(ScanOptions{Columns: columns})
				rows += drain(b, s, nil)
				s.Close()
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}

func BenchmarkUnpack(b *testing.B) {
	src := make([]byte, 8192*4+slack)
	dst := make([]int32, 8192)
	for _, width := range []uint{1, 4, 8, 12, 16, 20, 28} {
		b.Run(string(rune('0'+width/10))+string(rune('0'+width%10)), func(b *testing.B) {
			n := 0
			for b.Loop() {
				unpack(dst, src, 0, width)
				n += len(dst)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mvalues/s")
		})
	}
}
