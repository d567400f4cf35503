package tpch

// Order is a row of the orders table.
type Order struct {
	OrderKey      int64
	CustKey       int64
	OrderStatus   string
	TotalPrice    int64 // hundredths
	OrderDate     int32 // days since 1970-01-01
	OrderPriority string
	Clerk         string
	ShipPriority  int32
	Comment       string
}

func orderColumns() []Column {
	return []Column{
		{"o_orderkey", "BIGINT"},
		{"o_custkey", "BIGINT"},
		{"o_orderstatus", "VARCHAR(1)"},
		{"o_totalprice", "DECIMAL(15,2)"},
		{"o_orderdate", "DATE"},
		{"o_orderpriority", "VARCHAR(15)"},
		{"o_clerk", "VARCHAR(15)"},
		{"o_shippriority", "INTEGER"},
		{"o_comment", "VARCHAR(79)"},
	}
}

// AppendTo appends the row's fields to dst, each followed by a bar.
func (o *Order) AppendTo(dst []byte) []byte {
	dst = appendInt(dst, o.OrderKey)
	dst = appendInt(dst, o.CustKey)
	dst = appendString(dst, o.OrderStatus)
	dst = appendDecimal(dst, o.TotalPrice)
	dst = appendDate(dst, o.OrderDate)
	dst = appendString(dst, o.OrderPriority)
	dst = appendString(dst, o.Clerk)
	dst = appendInt(dst, o.ShipPriority)
	return appendString(dst, o.Comment)
}

// Dates of the benchmark, in days since 1970-01-01. The last order date leaves its lineitems the
// longest time to arrive before the end of 1998.
const (
	dateFirst     = 8035 // 1992-01-01
	dateToday     = 9298 // 1995-06-17: what comes later has not happened yet
	dateLast      = 10591
	orderDateLast = dateLast - shipDaysMax - receiptDaysMax
)

// clerksBase is how many clerks take orders at scale 1, and below.
const clerksBase = 1000

// Orders makes rows of the orders table.
type Orders struct {
	orders      span
	lines       orderLines
	customer    keys
	customerMax int64
	priority    choice
	clerk       uniform
	comment     comment
}

// Orders returns the rows of a share of the orders table.
func (g *Generator) Orders(share Share) *Orders {
	orders := share.cut(g.rowCount(ordersBase))
	row := orders.next
	customerMax := g.rowCount(customersBase)
	return &Orders{
		orders:      orders,
		lines:       g.orderLines(row),
		customer:    g.keys(origin{851767375, 1}, customerMax, row),
		customerMax: customerMax,
		priority:    origin{591449447, 1}.choice(g.words.priorities, row),
		clerk:       origin{1171034773, 1}.uniform(1, max(g.rowCount(clerksBase), clerksBase), row),
		comment:     g.comment(origin{276090261, 1}, 49, row),
	}
}

// Next fills o with the next row, or returns false after the last.
func (it *Orders) Next(o *Order) bool {
	if it.orders.next >= it.orders.end {
		return false
	}
	it.orders.next++
	o.OrderKey = orderKey(it.orders.next)
	o.CustKey = it.customerKey()
	o.OrderDate = it.lines.open()
	o.TotalPrice, o.OrderStatus = it.totals()
	o.OrderPriority = it.priority.next()
	o.Clerk = numbered("Clerk#", it.clerk.next())
	o.ShipPriority = 0
	o.Comment = it.comment.next()

	it.lines.endRow()
	it.customer.endRow()
	it.priority.endRow()
	it.clerk.endRow()
	it.comment.endRow()
	return true
}

// customerKey draws a customer who orders. A third of them, the multiples of three, never do.
func (it *Orders) customerKey() int64 {
	const mortality = 3
	key := it.customer.next()
	for step := int64(1); key%mortality == 0; step = -step {
		key = min(key+step, it.customerMax)
	}
	return key
}

// totals goes over the lineitems of the order for its price and status.
func (it *Orders) totals() (price int64, status string) {
	var line orderLine
	shippedCount := int64(0)
	for range it.lines.count {
		it.lines.next(&line)
		price += line.extendedPrice * (100 - line.discount) / 100 * (100 + line.tax) / 100
		if line.shipDate <= dateToday {
			shippedCount++
		}
	}
	switch shippedCount {
	case it.lines.count:
		return price, "F"
	case 0:
		return price, "O"
	}
	return price, "P"
}

// orderKey spreads the orders so that of 32 consecutive keys only the first eight are taken, which
// leaves the refresh functions of the benchmark room to insert.
func orderKey(row int64) int64 {
	return row>>3<<5 | row&7
}

// orderLine is what an order must know of a lineitem.
type orderLine struct {
	partKey       int64
	quantity      int64
	extendedPrice int64 // hundredths
	discount      int64 // hundredths
	tax           int64 // hundredths
	shipDate      int32
}

// orderLines draws what orders and lineitem have in common, so that both tables agree on it.
type orderLines struct {
	date      int32 // of the open order
	count     int64 // of its lines
	orderDate uniform
	lineCount uniform
	quantity  uniform
	discount  uniform
	tax       uniform
	part      keys
	shipDays  uniform
}

// lineCountMax is the highest number of lineitems of an order, all of whose columns have that many
// draws an order.
const lineCountMax = 7

func (g *Generator) orderLines(row int64) orderLines {
	return orderLines{
		orderDate: origin{1066728069, 1}.uniform(dateFirst, orderDateLast, row),
		lineCount: origin{1434868289, 1}.uniform(1, lineCountMax, row),
		quantity:  origin{209208115, lineCountMax}.uniform(1, 50, row),
		discount:  origin{554590007, lineCountMax}.uniform(0, 10, row),
		tax:       origin{721958466, lineCountMax}.uniform(0, 8, row),
		part:      g.keys(origin{1808217256, lineCountMax}, g.rowCount(partsBase), row),
		shipDays:  origin{1769349045, lineCountMax}.uniform(1, shipDaysMax, row),
	}
}

// open begins the next order and returns its date.
func (l *orderLines) open() int32 {
	l.date = int32(l.orderDate.next())
	l.count = l.lineCount.next()
	return l.date
}

// next draws the next line of the open order.
func (l *orderLines) next(line *orderLine) {
	line.partKey = l.part.next()
	line.quantity = l.quantity.next()
	line.extendedPrice = retailPrice(line.partKey) * line.quantity
	line.discount = l.discount.next()
	line.tax = l.tax.next()
	line.shipDate = l.date + int32(l.shipDays.next())
}

func (l *orderLines) endRow() {
	l.orderDate.endRow()
	l.lineCount.endRow()
	l.quantity.endRow()
	l.discount.endRow()
	l.tax.endRow()
	l.part.endRow()
	l.shipDays.endRow()
}
