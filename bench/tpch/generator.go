package tpch

import (
	"fmt"
	"math"
)

// Rows of each table at scale 1. The rest follow: partsupp has four rows a part, lineitem one to
// seven an order, nation and region do not scale.
const (
	suppliersBase = 10_000
	customersBase = 150_000
	partsBase     = 200_000
	ordersBase    = 1_500_000
)

// The scales between which the rules hold: below the smallest no supplier is left to sell a part,
// and the benchmark defines nothing above the largest.
const (
	scaleMin = 0.0001
	scaleMax = 100_000
)

// A Generator makes the tables of one scale. Any number of goroutines may use it at once; each of
// the iterators it returns belongs to one goroutine.
type Generator struct {
	scale float64
	words *words
	text  *text
}

// New returns the generator for a scale, which is the size of the data in GB.
func New(scale float64) (*Generator, error) {
	if math.IsNaN(scale) || scale < scaleMin || scale > scaleMax {
		return nil, fmt.Errorf("tpch: want a scale between %v and %v, found %v", scaleMin, scaleMax, scale)
	}
	return &Generator{scale: scale, words: newWords(), text: newText()}, nil
}

// rowCount scales a row count of scale 1, rounding down.
func (g *Generator) rowCount(base int64) int64 { return int64(float64(base) * g.scale) }

// A Share is one of Count consecutive pieces of a table. The zero Share is the whole table. A share
// of lineitem or partsupp is cut between orders or parts, never inside one.
type Share struct {
	Index int // counts from 0
	Count int // 0 means 1
}

// cut returns the share's half-open interval of total rows. All shares have the same size but the
// last, which takes the remainder too. A share which does not exist is the caller's bug.
func (s Share) cut(total int64) span {
	count := int64(max(s.Count, 1))
	if s.Index < 0 || int64(s.Index) >= count {
		panic(fmt.Sprintf("tpch: there is no share %d among %d", s.Index, count))
	}
	size := total / count
	rows := span{next: size * int64(s.Index), end: size * int64(s.Index+1)}
	if int64(s.Index) == count-1 {
		rows.end = total
	}
	return rows
}

// span is the rows an iterator still has to make.
type span struct{ next, end int64 }

// retailPrice returns the price of a part in hundredths. It depends on the key alone, so that a
// lineitem knows the price without the part.
func retailPrice(partKey int64) int64 {
	return 90_000 + partKey/10%20_001 + partKey%1000*100
}

// suppliersPerPart is how many suppliers sell each part.
const suppliersPerPart = 4

// supplierOf returns the key of a part's i-th supplier, spreading the four evenly over the suppliers.
func supplierOf(partKey, i, supplierCount int64) int64 {
	stride := supplierCount/suppliersPerPart + (partKey-1)/supplierCount
	return (partKey+i*stride)%supplierCount + 1
}
