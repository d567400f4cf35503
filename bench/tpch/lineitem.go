package tpch

// Lineitem is a row of the lineitem table.
type Lineitem struct {
	OrderKey      int64
	PartKey       int64
	SuppKey       int64
	LineNumber    int32
	Quantity      int64 // hundredths, as all amounts below
	ExtendedPrice int64
	Discount      int64
	Tax           int64
	ReturnFlag    string
	LineStatus    string
	ShipDate      int32 // days since 1970-01-01, as all dates below
	CommitDate    int32
	ReceiptDate   int32
	ShipInstruct  string
	ShipMode      string
	Comment       string
}

func lineitemColumns() []Column {
	return []Column{
		{"l_orderkey", "BIGINT"},
		{"l_partkey", "BIGINT"},
		{"l_suppkey", "BIGINT"},
		{"l_linenumber", "INTEGER"},
		{"l_quantity", "DECIMAL(15,2)"},
		{"l_extendedprice", "DECIMAL(15,2)"},
		{"l_discount", "DECIMAL(15,2)"},
		{"l_tax", "DECIMAL(15,2)"},
		{"l_returnflag", "VARCHAR(1)"},
		{"l_linestatus", "VARCHAR(1)"},
		{"l_shipdate", "DATE"},
		{"l_commitdate", "DATE"},
		{"l_receiptdate", "DATE"},
		{"l_shipinstruct", "VARCHAR(25)"},
		{"l_shipmode", "VARCHAR(10)"},
		{"l_comment", "VARCHAR(44)"},
	}
}

// AppendTo appends the row's fields to dst, each followed by a bar. The quantity, always whole,
// has no decimals there.
func (l *Lineitem) AppendTo(dst []byte) []byte {
	dst = appendInt(dst, l.OrderKey)
	dst = appendInt(dst, l.PartKey)
	dst = appendInt(dst, l.SuppKey)
	dst = appendInt(dst, l.LineNumber)
	dst = appendInt(dst, l.Quantity/100)
	dst = appendDecimal(dst, l.ExtendedPrice)
	dst = appendDecimal(dst, l.Discount)
	dst = appendDecimal(dst, l.Tax)
	dst = appendString(dst, l.ReturnFlag)
	dst = appendString(dst, l.LineStatus)
	dst = appendDate(dst, l.ShipDate)
	dst = appendDate(dst, l.CommitDate)
	dst = appendDate(dst, l.ReceiptDate)
	dst = appendString(dst, l.ShipInstruct)
	dst = appendString(dst, l.ShipMode)
	return appendString(dst, l.Comment)
}

// The days from order to shipment and commitment, and from shipment to receipt.
const (
	shipDaysMax    = 121
	commitDaysMin  = 30
	commitDaysMax  = 90
	receiptDaysMax = 30
)

// Lineitems makes rows of the lineitem table.
type Lineitems struct {
	orders        span
	lineNumber    int64 // of the line to make next; 0 while no order is open
	supplierCount int64
	lines         orderLines
	supplier      uniform
	commitDays    uniform
	receiptDays   uniform
	returnFlag    choice
	shipInstruct  choice
	shipMode      choice
	comment       comment
}

// Lineitems returns the rows of a share of the lineitem table: those of the same share's orders.
func (g *Generator) Lineitems(share Share) *Lineitems {
	orders := share.cut(g.rowCount(ordersBase))
	row := orders.next
	return &Lineitems{
		orders:        orders,
		supplierCount: g.rowCount(suppliersBase),
		lines:         g.orderLines(row),
		supplier:      origin{2095021727, lineCountMax}.uniform(0, suppliersPerPart-1, row),
		commitDays:    origin{904914315, lineCountMax}.uniform(commitDaysMin, commitDaysMax, row),
		receiptDays:   origin{373135028, lineCountMax}.uniform(1, receiptDaysMax, row),
		returnFlag:    origin{717419739, lineCountMax}.choice(g.words.returnFlags, row),
		shipInstruct:  origin{1371272478, lineCountMax}.choice(g.words.shipInstructions, row),
		shipMode:      origin{675466456, lineCountMax}.choice(g.words.shipModes, row),
		comment:       g.comment(origin{1095462486, lineCountMax}, 27, row),
	}
}

// Next fills l with the next row, or returns false after the last.
func (it *Lineitems) Next(l *Lineitem) bool {
	if it.lineNumber == 0 {
		if it.orders.next >= it.orders.end {
			return false
		}
		it.orders.next++
		it.lineNumber = 1
		it.lines.open()
	}
	it.fill(l)
	it.lineNumber++
	if it.lineNumber > it.lines.count {
		it.lineNumber = 0
		it.endOrder()
	}
	return true
}

func (it *Lineitems) fill(l *Lineitem) {
	var line orderLine
	it.lines.next(&line)
	l.OrderKey = orderKey(it.orders.next)
	l.PartKey = line.partKey
	l.SuppKey = supplierOf(line.partKey, it.supplier.next(), it.supplierCount)
	l.LineNumber = int32(it.lineNumber)
	l.Quantity = line.quantity * 100
	l.ExtendedPrice = line.extendedPrice
	l.Discount = line.discount
	l.Tax = line.tax
	l.ShipDate = line.shipDate
	l.CommitDate = it.lines.date + int32(it.commitDays.next())
	l.ReceiptDate = line.shipDate + int32(it.receiptDays.next())

	// Only what has arrived can have been returned, and only then a flag is drawn.
	l.ReturnFlag = "N"
	if l.ReceiptDate <= dateToday {
		l.ReturnFlag = it.returnFlag.next()
	}
	l.LineStatus = "O"
	if l.ShipDate <= dateToday {
		l.LineStatus = "F"
	}
	l.ShipInstruct = it.shipInstruct.next()
	l.ShipMode = it.shipMode.next()
	l.Comment = it.comment.next()
}

func (it *Lineitems) endOrder() {
	it.lines.endRow()
	it.supplier.endRow()
	it.commitDays.endRow()
	it.receiptDays.endRow()
	it.returnFlag.endRow()
	it.shipInstruct.endRow()
	it.shipMode.endRow()
	it.comment.endRow()
}
