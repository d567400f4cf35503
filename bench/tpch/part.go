package tpch

// Part is a row of the part table.
type Part struct {
	PartKey     int64
	Name        string
	Mfgr        string
	Brand       string
	Type        string
	Size        int32
	Container   string
	RetailPrice int64 // hundredths
	Comment     string
}

func partColumns() []Column {
	return []Column{
		{"p_partkey", "BIGINT"},
		{"p_name", "VARCHAR(55)"},
		{"p_mfgr", "VARCHAR(25)"},
		{"p_brand", "VARCHAR(10)"},
		{"p_type", "VARCHAR(25)"},
		{"p_size", "INTEGER"},
		{"p_container", "VARCHAR(10)"},
		{"p_retailprice", "DECIMAL(15,2)"},
		{"p_comment", "VARCHAR(23)"},
	}
}

// AppendTo appends the row's fields to dst, each followed by a bar.
func (p *Part) AppendTo(dst []byte) []byte {
	dst = appendInt(dst, p.PartKey)
	dst = appendString(dst, p.Name)
	dst = appendString(dst, p.Mfgr)
	dst = appendString(dst, p.Brand)
	dst = appendString(dst, p.Type)
	dst = appendInt(dst, p.Size)
	dst = appendString(dst, p.Container)
	dst = appendDecimal(dst, p.RetailPrice)
	return appendString(dst, p.Comment)
}

// Parts makes rows of the part table.
type Parts struct {
	rows      span
	name      colorNames
	mfgr      uniform
	brand     uniform
	kind      choice
	size      uniform
	container choice
	comment   comment
}

// Parts returns the rows of a share of the part table.
func (g *Generator) Parts(share Share) *Parts {
	rows := share.cut(g.rowCount(partsBase))
	row := rows.next
	return &Parts{
		rows:      rows,
		name:      newColorNames(g.words.colors, row),
		mfgr:      origin{1, 1}.uniform(1, 5, row),
		brand:     origin{46831694, 1}.uniform(1, 5, row),
		kind:      origin{1841581359, 1}.choice(g.words.types, row),
		size:      origin{1193163244, 1}.uniform(1, 50, row),
		container: origin{727633698, 1}.choice(g.words.containers, row),
		comment:   g.comment(origin{804159733, 1}, 14, row),
	}
}

// Next fills p with the next row, or returns false after the last.
func (it *Parts) Next(p *Part) bool {
	if it.rows.next >= it.rows.end {
		return false
	}
	it.rows.next++
	mfgr := byte(it.mfgr.next())
	brand := byte(it.brand.next())
	p.PartKey = it.rows.next
	p.Name = it.name.next()
	p.Mfgr = string(append([]byte("Manufacturer#"), '0'+mfgr))
	p.Brand = string(append([]byte("Brand#"), '0'+mfgr, '0'+brand))
	p.Type = it.kind.next()
	p.Size = int32(it.size.next())
	p.Container = it.container.next()
	p.RetailPrice = retailPrice(p.PartKey)
	p.Comment = it.comment.next()

	it.name.endRow()
	it.mfgr.endRow()
	it.brand.endRow()
	it.kind.endRow()
	it.size.endRow()
	it.container.endRow()
	it.comment.endRow()
	return true
}

// colorNames draws names of five different colors.
type colorNames struct {
	stream
	colors []string
	order  []uint8 // indexes of colors, in order again after every name
	name   []byte  // reused by every name
}

func newColorNames(colors []string, row int64) colorNames {
	// A row has as many draws as there are colors: the reference generator meant to shuffle all.
	n := colorNames{stream: newStream(709314158, int64(len(colors)), row), colors: colors}
	for i := range colors {
		n.order = append(n.order, uint8(i))
	}
	return n
}

func (n *colorNames) next() string {
	const colorsPerName = 5
	var swapped [colorsPerName]int
	n.name = n.name[:0]
	for i := range swapped {
		j := i + int(n.draw(float64(len(n.order)-i)))
		swapped[i] = j
		n.order[i], n.order[j] = n.order[j], n.order[i]
		if i > 0 {
			n.name = append(n.name, ' ')
		}
		n.name = append(n.name, n.colors[n.order[i]]...)
	}
	for i := colorsPerName - 1; i >= 0; i-- {
		j := swapped[i]
		n.order[i], n.order[j] = n.order[j], n.order[i]
	}
	return string(n.name)
}
