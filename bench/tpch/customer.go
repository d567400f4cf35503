package tpch

// Customer is a row of the customer table.
type Customer struct {
	CustKey    int64
	Name       string
	Address    string
	NationKey  int64
	Phone      string
	AcctBal    int64 // hundredths
	MktSegment string
	Comment    string
}

func customerColumns() []Column {
	return []Column{
		{"c_custkey", "BIGINT"},
		{"c_name", "VARCHAR(25)"},
		{"c_address", "VARCHAR(40)"},
		{"c_nationkey", "BIGINT"},
		{"c_phone", "VARCHAR(15)"},
		{"c_acctbal", "DECIMAL(15,2)"},
		{"c_mktsegment", "VARCHAR(10)"},
		{"c_comment", "VARCHAR(117)"},
	}
}

// AppendTo appends the row's fields to dst, each followed by a bar.
func (c *Customer) AppendTo(dst []byte) []byte {
	dst = appendInt(dst, c.CustKey)
	dst = appendString(dst, c.Name)
	dst = appendString(dst, c.Address)
	dst = appendInt(dst, c.NationKey)
	dst = appendString(dst, c.Phone)
	dst = appendDecimal(dst, c.AcctBal)
	dst = appendString(dst, c.MktSegment)
	return appendString(dst, c.Comment)
}

// Customers makes rows of the customer table.
type Customers struct {
	rows    span
	address stream
	nation  uniform
	phone   stream
	acctBal uniform
	segment choice
	comment comment
}

// Customers returns the rows of a share of the customer table.
func (g *Generator) Customers(share Share) *Customers {
	rows := share.cut(g.rowCount(customersBase))
	row := rows.next
	return &Customers{
		rows:    rows,
		address: newStream(881155353, addressDraws, row),
		nation:  origin{1489529863, 1}.uniform(0, int64(len(g.words.nations)-1), row),
		phone:   newStream(1521138112, 3, row),
		acctBal: origin{298370230, 1}.uniform(acctBalMin, acctBalMax, row),
		segment: origin{1140279430, 1}.choice(g.words.segments, row),
		comment: g.comment(origin{1335826707, 1}, 73, row),
	}
}

// Next fills c with the next row, or returns false after the last.
func (it *Customers) Next(c *Customer) bool {
	if it.rows.next >= it.rows.end {
		return false
	}
	it.rows.next++
	c.CustKey = it.rows.next
	c.Name = numbered("Customer#", c.CustKey)
	c.Address = address(&it.address)
	c.NationKey = it.nation.next()
	c.Phone = phone(&it.phone, c.NationKey)
	c.AcctBal = it.acctBal.next()
	c.MktSegment = it.segment.next()
	c.Comment = it.comment.next()

	it.address.endRow()
	it.nation.endRow()
	it.phone.endRow()
	it.acctBal.endRow()
	it.segment.endRow()
	it.comment.endRow()
	return true
}
