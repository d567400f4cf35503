package tpch

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"hash"
	"math"
	"os"
	"strings"
	"sync"
	"testing"
)

var full = flag.Bool("full", false, "check the golden sums of the scales above 0.01 too")

// row is what the tests need of a table's row.
type row[T any] interface {
	*T
	AppendTo(dst []byte) []byte
}

// lines hands the text of each row which next makes to sink, line break included.
func lines[T any, R row[T]](next func(R) bool, sink func([]byte)) {
	var r T
	var line []byte
	for next(&r) {
		line = append(R(&r).AppendTo(line[:0]), '\n')
		sink(line)
	}
}

// eachLine hands a share of a table to sink, row by row, as text.
func eachLine(t testing.TB, g *Generator, table string, share Share, sink func([]byte)) {
	t.Helper()
	switch table {
	case "region":
		lines(g.Regions(share).Next, sink)
	case "nation":
		lines(g.Nations(share).Next, sink)
	case "supplier":
		lines(g.Suppliers(share).Next, sink)
	case "customer":
		lines(g.Customers(share).Next, sink)
	case "part":
		lines(g.Parts(share).Next, sink)
	case "partsupp":
		lines(g.PartSupps(share).Next, sink)
	case "orders":
		lines(g.Orders(share).Next, sink)
	case "lineitem":
		lines(g.Lineitems(share).Next, sink)
	default:
		t.Fatalf("no rows for table %q", table)
	}
}

func newGenerator(t testing.TB, scale float64) *Generator {
	t.Helper()
	g, err := New(scale)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// golden is the row count of a table and the SHA-256 of its text as the reference generator writes it.
type golden struct {
	scale float64
	table string
	rows  int
	sum   string
}

func TestGoldenSums(t *testing.T) {
	generators := map[float64]*Generator{}
	for _, want := range goldens() {
		if want.scale > 0.01 && !*full {
			continue
		}
		g := generators[want.scale]
		if g == nil {
			g = newGenerator(t, want.scale)
			generators[want.scale] = g
		}
		t.Run(fmt.Sprintf("%s/%v", want.table, want.scale), func(t *testing.T) {
			sum, rows := sha256.New(), 0
			eachLine(t, g, want.table, Share{}, func(line []byte) {
				sum.Write(line)
				rows++
			})
			if rows != want.rows {
				t.Errorf("want %d rows, found %d", want.rows, rows)
			}
			if found := hexSum(sum); found != want.sum {
				t.Errorf("want sum %s, found %s", want.sum, found)
			}
		})
	}
}

func hexSum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// TestGoldenRows shows the first two and the last row of every table in testdata/rows.txt.
func TestGoldenRows(t *testing.T) {
	const path = "testdata/rows.txt"
	var found bytes.Buffer
	g := newGenerator(t, 0.001)
	for _, table := range Tables() {
		fmt.Fprintf(&found, "# %s\n", table)
		var last []byte
		rows := 0
		eachLine(t, g, table, Share{}, func(line []byte) {
			if rows < 2 {
				found.Write(line)
			}
			rows++
			last = append(last[:0], line...)
		})
		found.Write(last)
	}
	if *rewrite {
		if err := os.WriteFile(path, found.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, found.Bytes()) {
		t.Errorf("want\n%s\nfound\n%s", want, found.Bytes())
	}
}

// TestSharesMakeTheTable lays the shares of each table end to end.
func TestSharesMakeTheTable(t *testing.T) {
	g := newGenerator(t, 0.001)
	text := func(table string, share Share) string {
		var b strings.Builder
		eachLine(t, g, table, share, func(line []byte) { b.Write(line) })
		return b.String()
	}
	for _, table := range Tables() {
		whole := text(table, Share{})
		for _, count := range []int{1, 2, 3, 7, 64, 1000} {
			var b strings.Builder
			for i := range count {
				b.WriteString(text(table, Share{Index: i, Count: count}))
			}
			if b.String() != whole {
				t.Errorf("%s: %d shares laid end to end differ from the table", table, count)
			}
		}
	}
}

// TestGoroutinesShareAGenerator makes the shares of lineitem at once, from one text.
func TestGoroutinesShareAGenerator(t *testing.T) {
	g := newGenerator(t, 0.001)
	var shares [4]strings.Builder
	var wait sync.WaitGroup
	for i := range shares {
		wait.Go(func() {
			eachLine(t, g, "lineitem", Share{Index: i, Count: len(shares)}, func(line []byte) { shares[i].Write(line) })
		})
	}
	wait.Wait()

	var found, want strings.Builder
	for i := range shares {
		found.WriteString(shares[i].String())
	}
	eachLine(t, newGenerator(t, 0.001), "lineitem", Share{}, func(line []byte) { want.Write(line) })
	if found.String() != want.String() {
		t.Error("the shares made at once differ from the table")
	}
}

// TestLineitemsDoNotAllocate goes over rows whose text has been made before.
func TestLineitemsDoNotAllocate(t *testing.T) {
	const rows = 1000
	g := newGenerator(t, 0.001)
	var r Lineitem
	for it := g.Lineitems(Share{}); it.Next(&r); {
		_ = r
	}
	it := g.Lineitems(Share{})
	allocs := testing.AllocsPerRun(2, func() {
		for range rows {
			it.Next(&r)
		}
	})
	if allocs != 0 {
		t.Errorf("want no allocations in %d rows, found %v", rows, allocs)
	}
}

// TestWideKeys checks a share of the scale from which on keys are drawn from 64 bits.
func TestWideKeys(t *testing.T) {
	g := newGenerator(t, wideScale)
	for table, want := range map[string]string{
		"orders":   "b36585d882cc02b41df14a3e61f0ee9e845e50b121d24e202b7523c566dccd37",
		"lineitem": "9f65653f8c02b75e1da6a1fff1dba1b0b682b01a523f1a3e3b34e1aa8635163b",
	} {
		sum := sha256.New()
		eachLine(t, g, table, Share{Index: 4_999_999, Count: 100_000_000}, func(line []byte) { sum.Write(line) })
		if found := hexSum(sum); found != want {
			t.Errorf("%s: want sum %s, found %s", table, want, found)
		}
	}
}

func TestShareOutOfRange(t *testing.T) {
	for _, share := range []Share{{Index: -1}, {Index: 1}, {Index: 3, Count: 3}, {Index: -1, Count: 3}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v: want a panic, found none", share)
				}
			}()
			newGenerator(t, 0.001).Regions(share)
		}()
	}
}

func TestScaleOutOfRange(t *testing.T) {
	for _, scale := range []float64{0, -1, 0.00009, 100_001, math.Inf(1), math.NaN()} {
		if _, err := New(scale); err == nil {
			t.Errorf("scale %v: want an error, found none", scale)
		}
	}
}

// TestColumns counts the fields of each table's rows.
func TestColumns(t *testing.T) {
	g := newGenerator(t, 0.001)
	for _, table := range Tables() {
		eachLine(t, g, table, Share{Count: 5}, func(line []byte) {
			if fields := bytes.Count(line, []byte("|")); fields != len(Columns(table)) {
				t.Fatalf("%s has %d columns, found a row of %d: %s", table, len(Columns(table)), fields, line)
			}
		})
	}
	if found := Columns("bids"); found != nil {
		t.Errorf("columns of no table: want nil, found %v", found)
	}
}
