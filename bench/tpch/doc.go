// Package tpch makes the eight tables of the TPC-H benchmark, row by row, at any scale.
//
// The rows are those of the benchmark's reference generator: the same keys, words and dates for the
// same scale, so query answers can be compared with any other engine's.
//
// A Generator knows the scale and the words; each of its table methods returns an iterator whose Next
// fills a row the caller owns:
//
//	g, err := tpch.New(0.01)
//	...
//	var row tpch.Lineitem
//	for lines := g.Lineitems(tpch.Share{Index: 2, Count: 8}); lines.Next(&row); {
//		use(&row)
//	}
//
// How it works: every column draws from its own random stream, and every row has a fixed number of
// draws in each stream. The state of a stream at row r is therefore one modular power away from its
// start, which is what makes any share of a table reachable without making the rows before it.
// Comments are windows into one long text, made of sentences of a small grammar; see text.
//
// Invariant: a row is a function of table, scale and row number alone. The shares of a table, laid end
// to end, are the table. The strings of a row are never changed afterwards and may be kept.
package tpch
