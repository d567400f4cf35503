package tpch

// PartSupp is a row of the partsupp table: a supplier's offer of a part.
type PartSupp struct {
	PartKey    int64
	SuppKey    int64
	AvailQty   int32
	SupplyCost int64 // hundredths
	Comment    string
}

func partSuppColumns() []Column {
	return []Column{
		{"ps_partkey", "BIGINT"},
		{"ps_suppkey", "BIGINT"},
		{"ps_availqty", "INTEGER"},
		{"ps_supplycost", "DECIMAL(15,2)"},
		{"ps_comment", "VARCHAR(199)"},
	}
}

// AppendTo appends the row's fields to dst, each followed by a bar.
func (p *PartSupp) AppendTo(dst []byte) []byte {
	dst = appendInt(dst, p.PartKey)
	dst = appendInt(dst, p.SuppKey)
	dst = appendInt(dst, p.AvailQty)
	dst = appendDecimal(dst, p.SupplyCost)
	return appendString(dst, p.Comment)
}

// PartSupps makes rows of the partsupp table.
type PartSupps struct {
	parts         span
	supplier      int64 // of the part's four, counted from 0
	supplierCount int64
	availQty      uniform
	supplyCost    uniform
	comment       comment
}

// PartSupps returns the rows of a share of the partsupp table: those of the same share's parts.
func (g *Generator) PartSupps(share Share) *PartSupps {
	parts := share.cut(g.rowCount(partsBase))
	return &PartSupps{
		parts:         parts,
		supplierCount: g.rowCount(suppliersBase),
		availQty:      origin{1671059989, suppliersPerPart}.uniform(1, 9999, parts.next),
		supplyCost:    origin{1051288424, suppliersPerPart}.uniform(100, 100_000, parts.next),
		comment:       g.comment(origin{1961692154, suppliersPerPart}, 124, parts.next),
	}
}

// Next fills p with the next row, or returns false after the last.
func (it *PartSupps) Next(p *PartSupp) bool {
	if it.parts.next >= it.parts.end {
		return false
	}
	p.PartKey = it.parts.next + 1
	p.SuppKey = supplierOf(p.PartKey, it.supplier, it.supplierCount)
	p.AvailQty = int32(it.availQty.next())
	p.SupplyCost = it.supplyCost.next()
	p.Comment = it.comment.next()

	it.supplier++
	if it.supplier == suppliersPerPart {
		it.supplier = 0
		it.parts.next++
		it.availQty.endRow()
		it.supplyCost.endRow()
		it.comment.endRow()
	}
	return true
}
