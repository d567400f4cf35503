package tpch

import "testing"

func BenchmarkLineitems(b *testing.B) {
	g := newGenerator(b, 1)
	var r Lineitem
	for it := g.Lineitems(Share{}); it.Next(&r); { // so that the whole text is made
		_ = r
	}
	b.ReportAllocs()
	b.ResetTimer()
	it := g.Lineitems(Share{})
	for range b.N {
		if !it.Next(&r) {
			it = g.Lineitems(Share{})
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkFirstTable is the cost of a small lineitem from nothing: the generator, the part of the
// text it needs, and the rows.
func BenchmarkFirstTable(b *testing.B) {
	b.ReportAllocs()
	for range b.N {
		var r Lineitem
		for it := newGenerator(b, 0.01).Lineitems(Share{}); it.Next(&r); {
			_ = r
		}
	}
}

func BenchmarkText(b *testing.B) {
	t := newText()
	b.SetBytes(blockBytes)
	b.ReportAllocs()
	for i := range b.N {
		t.write(int32(i % blockCount))
	}
}
