package tpch

// Supplier is a row of the supplier table.
type Supplier struct {
	SuppKey   int64
	Name      string
	Address   string
	NationKey int64
	Phone     string
	AcctBal   int64 // hundredths
	Comment   string
}

func supplierColumns() []Column {
	return []Column{
		{"s_suppkey", "BIGINT"},
		{"s_name", "VARCHAR(25)"},
		{"s_address", "VARCHAR(40)"},
		{"s_nationkey", "BIGINT"},
		{"s_phone", "VARCHAR(15)"},
		{"s_acctbal", "DECIMAL(15,2)"},
		{"s_comment", "VARCHAR(101)"},
	}
}

// AppendTo appends the row's fields to dst, each followed by a bar.
func (s *Supplier) AppendTo(dst []byte) []byte {
	dst = appendInt(dst, s.SuppKey)
	dst = appendString(dst, s.Name)
	dst = appendString(dst, s.Address)
	dst = appendInt(dst, s.NationKey)
	dst = appendString(dst, s.Phone)
	dst = appendDecimal(dst, s.AcctBal)
	return appendString(dst, s.Comment)
}

// The bounds of an account balance, in hundredths.
const (
	acctBalMin = -99_999
	acctBalMax = 999_999
)

// Suppliers makes rows of the supplier table.
type Suppliers struct {
	rows    span
	address stream
	nation  uniform
	phone   stream
	acctBal uniform
	comment comment
	verdict verdict
}

// Suppliers returns the rows of a share of the supplier table.
func (g *Generator) Suppliers(share Share) *Suppliers {
	rows := share.cut(g.rowCount(suppliersBase))
	row := rows.next
	return &Suppliers{
		rows:    rows,
		address: newStream(706178559, addressDraws, row),
		nation:  origin{110356601, 1}.uniform(0, int64(len(g.words.nations)-1), row),
		phone:   newStream(884434366, 3, row),
		acctBal: origin{962338209, 1}.uniform(acctBalMin, acctBalMax, row),
		comment: g.comment(origin{1341315363, 1}, 63, row),
		verdict: verdict{
			chance: origin{202794285, 1}.uniform(1, suppliersBase, row),
			gap:    newStream(263032577, 1, row),
			offset: newStream(715851524, 1, row),
			kind:   origin{753643799, 1}.uniform(0, 100, row),
		},
	}
}

// Next fills s with the next row, or returns false after the last.
func (it *Suppliers) Next(s *Supplier) bool {
	if it.rows.next >= it.rows.end {
		return false
	}
	it.rows.next++
	s.SuppKey = it.rows.next
	s.Name = numbered("Supplier#", s.SuppKey)
	s.Address = address(&it.address)
	s.NationKey = it.nation.next()
	s.Phone = phone(&it.phone, s.NationKey)
	s.AcctBal = it.acctBal.next()
	s.Comment = it.verdict.edit(it.comment.next())

	it.address.endRow()
	it.nation.endRow()
	it.phone.endRow()
	it.acctBal.endRow()
	it.comment.endRow()
	it.verdict.endRow()
	return true
}

// verdict writes what customers say, which query 16 looks for, over the comments of a few suppliers.
type verdict struct {
	chance uniform
	gap    stream
	offset stream
	kind   uniform
}

// edit returns the comment, for ten suppliers in suppliersBase with "Customer", a gap of the comment's
// own bytes, and "Complaints" or "Recommends" in the place of as many bytes.
func (v *verdict) edit(comment string) string {
	const customer, complaints, recommends = "Customer ", "Complaints", "Recommends"
	if v.chance.next() > 10 {
		return comment
	}
	room := len(comment) - len(customer) - len(complaints)
	gap := int(v.gap.draw(float64(room + 1)))
	offset := int(v.offset.draw(float64(room - gap + 1)))
	kind := recommends
	if v.kind.next() < 50 {
		kind = complaints
	}
	text := []byte(comment)
	copy(text[offset:], customer)
	copy(text[offset+len(customer)+gap:], kind)
	return string(text)
}

func (v *verdict) endRow() {
	v.chance.endRow()
	v.gap.endRow()
	v.offset.endRow()
	v.kind.endRow()
}
