package tpch

// Nation is a row of the nation table.
type Nation struct {
	NationKey int64
	Name      string
	RegionKey int64
	Comment   string
}

func nationColumns() []Column {
	return []Column{
		{"n_nationkey", "BIGINT"},
		{"n_name", "VARCHAR(25)"},
		{"n_regionkey", "BIGINT"},
		{"n_comment", "VARCHAR(152)"},
	}
}

// AppendTo appends the row's fields to dst, each followed by a bar.
func (n *Nation) AppendTo(dst []byte) []byte {
	dst = appendInt(dst, n.NationKey)
	dst = appendString(dst, n.Name)
	dst = appendInt(dst, n.RegionKey)
	return appendString(dst, n.Comment)
}

// Nations makes rows of the nation table.
type Nations struct {
	rows    span
	nations []weighted
	comment comment
}

// Nations returns the rows of a share of the nation table.
func (g *Generator) Nations(share Share) *Nations {
	rows := share.cut(int64(len(g.words.nations)))
	return &Nations{
		rows:    rows,
		nations: g.words.nations,
		comment: g.comment(origin{606179079, 1}, 72, rows.next),
	}
}

// Next fills n with the next row, or returns false after the last.
func (it *Nations) Next(n *Nation) bool {
	if it.rows.next >= it.rows.end {
		return false
	}
	nation := it.nations[it.rows.next]
	n.NationKey = it.rows.next
	n.Name = nation.word
	n.RegionKey = int64(nation.weight)
	n.Comment = it.comment.next()

	it.rows.next++
	it.comment.endRow()
	return true
}
