package tpch

// Region is a row of the region table.
type Region struct {
	RegionKey int64
	Name      string
	Comment   string
}

func regionColumns() []Column {
	return []Column{
		{"r_regionkey", "BIGINT"},
		{"r_name", "VARCHAR(25)"},
		{"r_comment", "VARCHAR(152)"},
	}
}

// AppendTo appends the row's fields to dst, each followed by a bar.
func (r *Region) AppendTo(dst []byte) []byte {
	dst = appendInt(dst, r.RegionKey)
	dst = appendString(dst, r.Name)
	return appendString(dst, r.Comment)
}

// Regions makes rows of the region table.
type Regions struct {
	rows    span
	names   []string
	comment comment
}

// Regions returns the rows of a share of the region table.
func (g *Generator) Regions(share Share) *Regions {
	rows := share.cut(int64(len(g.words.regions)))
	return &Regions{
		rows:    rows,
		names:   g.words.regions,
		comment: g.comment(origin{1500869201, 1}, 72, rows.next),
	}
}

// Next fills r with the next row, or returns false after the last.
func (it *Regions) Next(r *Region) bool {
	if it.rows.next >= it.rows.end {
		return false
	}
	r.RegionKey = it.rows.next
	r.Name = it.names[r.RegionKey]
	r.Comment = it.comment.next()

	it.rows.next++
	it.comment.endRow()
	return true
}
