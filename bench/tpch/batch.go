package tpch

import (
	"context"
	"errors"

	"github.com/anabranch/anabranch/columnar"
)

// batchesAhead is how many batches a generator may be ahead of its writer.
const batchesAhead = 4

// Batches makes the rows of a table in one goroutine and passes them to write, batch by batch, in
// another. A batch is borrowed until write returns.
func (g *Generator) Batches(ctx context.Context, table string, write func(*columnar.Batch) error) error {
	s, err := Schema(table)
	if err != nil {
		return err
	}
	fill := g.filler(table)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	free, full := make(chan *columnar.Batch, batchesAhead), make(chan *columnar.Batch, batchesAhead)
	for range batchesAhead {
		free <- columnar.NewBatch(s)
	}
	go func() {
		defer close(full)
		for {
			var b *columnar.Batch
			select {
			case b = <-free:
			case <-ctx.Done():
				return
			}
			n := fillBatch(b, fill)
			if n == 0 {
				return
			}
			full <- b // never blocks: there are no more batches than places
			if n < columnar.BatchRows {
				return
			}
		}
	}()
	for b := range full {
		if err == nil {
			if err = write(b); err != nil {
				cancel()
			}
		}
		b.Sel = nil
		free <- b
	}
	return errors.Join(err, context.Cause(ctx))
}

// fillBatch makes up to BatchRows rows.
func fillBatch(b *columnar.Batch, fill func(*rowSetter) bool) int {
	b.Reset(columnar.BatchRows)
	r := &rowSetter{cols: b.Cols}
	for r.at < columnar.BatchRows && fill(r) {
		r.at, r.col = r.at+1, 0
	}
	if r.at < columnar.BatchRows {
		b.Sel = make([]int32, r.at)
		for i := range b.Sel {
			b.Sel[i] = int32(i)
		}
	}
	return r.at
}

// rowSetter sets the values of one row, column by column.
type rowSetter struct {
	cols    []*columnar.Vector
	at, col int
}

func (r *rowSetter) vector() *columnar.Vector {
	v := r.cols[r.col]
	r.col++
	return v
}

// long sets BIGINT columns and DECIMAL columns in hundredths.
func (r *rowSetter) long(values ...int64) {
	for _, x := range values {
		columnar.Values[int64](r.vector())[r.at] = x
	}
}

// int sets INT and DATE columns.
func (r *rowSetter) int(values ...int32) {
	for _, x := range values {
		columnar.Values[int32](r.vector())[r.at] = x
	}
}

func (r *rowSetter) text(values ...string) {
	for _, s := range values {
		r.vector().SetString(r.at, s)
	}
}

// filled turns an iterator and the setter of a row into what fillBatch takes.
func filled[T any](next func(*T) bool, set func(*rowSetter, *T)) func(*rowSetter) bool {
	x := new(T)
	return func(r *rowSetter) bool {
		if !next(x) {
			return false
		}
		set(r, x)
		return true
	}
}

// filler gives the function that sets the next row of a table and reports whether there was one.
func (g *Generator) filler(name string) func(*rowSetter) bool {
	all := Share{}
	switch name {
	case "region":
		return filled(g.Regions(all).Next, setRegion)
	case "nation":
		return filled(g.Nations(all).Next, setNation)
	case "supplier":
		return filled(g.Suppliers(all).Next, setSupplier)
	case "customer":
		return filled(g.Customers(all).Next, setCustomer)
	case "part":
		return filled(g.Parts(all).Next, setPart)
	case "partsupp":
		return filled(g.PartSupps(all).Next, setPartSupp)
	case "orders":
		return filled(g.Orders(all).Next, setOrder)
	}
	return filled(g.Lineitems(all).Next, setLineitem)
}

func setRegion(r *rowSetter, x *Region) {
	r.long(x.RegionKey)
	r.text(x.Name, x.Comment)
}

func setNation(r *rowSetter, x *Nation) {
	r.long(x.NationKey)
	r.text(x.Name)
	r.long(x.RegionKey)
	r.text(x.Comment)
}

func setSupplier(r *rowSetter, x *Supplier) {
	r.long(x.SuppKey)
	r.text(x.Name, x.Address)
	r.long(x.NationKey)
	r.text(x.Phone)
	r.long(x.AcctBal)
	r.text(x.Comment)
}

func setCustomer(r *rowSetter, x *Customer) {
	r.long(x.CustKey)
	r.text(x.Name, x.Address)
	r.long(x.NationKey)
	r.text(x.Phone)
	r.long(x.AcctBal)
	r.text(x.MktSegment, x.Comment)
}

func setPart(r *rowSetter, x *Part) {
	r.long(x.PartKey)
	r.text(x.Name, x.Mfgr, x.Brand, x.Type)
	r.int(x.Size)
	r.text(x.Container)
	r.long(x.RetailPrice)
	r.text(x.Comment)
}

func setPartSupp(r *rowSetter, x *PartSupp) {
	r.long(x.PartKey, x.SuppKey)
	r.int(x.AvailQty)
	r.long(x.SupplyCost)
	r.text(x.Comment)
}

func setOrder(r *rowSetter, x *Order) {
	r.long(x.OrderKey, x.CustKey)
	r.text(x.OrderStatus)
	r.long(x.TotalPrice)
	r.int(x.OrderDate)
	r.text(x.OrderPriority, x.Clerk)
	r.int(x.ShipPriority)
	r.text(x.Comment)
}

func setLineitem(r *rowSetter, x *Lineitem) {
	r.long(x.OrderKey, x.PartKey, x.SuppKey)
	r.int(x.LineNumber)
	r.long(x.Quantity, x.ExtendedPrice, x.Discount, x.Tax)
	r.text(x.ReturnFlag, x.LineStatus)
	r.int(x.ShipDate, x.CommitDate, x.ReceiptDate)
	r.text(x.ShipInstruct, x.ShipMode, x.Comment)
}
