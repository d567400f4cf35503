package generate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/anabranch/anabranch/bench/tpch"
	"github.com/anabranch/anabranch/columnar"
)

// TPCH says which tables of TPC-H to write.
type TPCH struct {
	Scale  float64
	Dir    string
	Format string   // parquet, csv or json; default parquet
	Tables []string // default all
}

// Run writes the tables and tells of each.
func (o TPCH) Run(ctx context.Context, done func(Written)) error {
	if o.Format == "" {
		o.Format = "parquet"
	}
	if len(o.Tables) == 0 {
		o.Tables = tpch.Tables()
	}
	if err := o.Validate(); err != nil {
		return err
	}
	g, err := tpch.New(o.Scale)
	if err != nil {
		return err
	}
	for _, name := range o.Tables {
		s, err := schemaOf(name)
		if err != nil {
			return err
		}
		t, err := create(o.Dir, name, o.Format, s)
		if err != nil {
			return err
		}
		if err := t.finish(pump(ctx, t, s, rowsOf(g, name))); err != nil {
			return err
		}
		done(Written{Table: name, Path: t.path, Rows: t.rows})
	}
	return nil
}

// Validate reports what is wrong with the options.
func (o TPCH) Validate() error {
	if o.Format != "" {
		if err := checkFormat(o.Format); err != nil {
			return err
		}
	}
	for _, name := range o.Tables {
		if !slices.Contains(tpch.Tables(), name) {
			return fmt.Errorf("unknown table %q (known: %s)", name, strings.Join(tpch.Tables(), ", "))
		}
	}
	_, err := tpch.New(o.Scale)
	return err
}

// schemaOf gives the columns of a table as the engine knows them.
func schemaOf(name string) (*columnar.Schema, error) {
	s := &columnar.Schema{}
	for _, c := range tpch.Columns(name) {
		t, err := typeOf(c.Type)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
		s.Fields = append(s.Fields, columnar.Field{Name: c.Name, Type: t.Required()})
	}
	return s, nil
}

func typeOf(text string) (columnar.Type, error) {
	var n int
	switch text {
	case "BIGINT":
		return columnar.TypeBigInt, nil
	case "INTEGER":
		return columnar.TypeInteger, nil
	case "DATE":
		return columnar.TypeDate, nil
	case "DECIMAL(15,2)":
		return columnar.DecimalOf(15, 2), nil
	}
	if _, err := fmt.Sscanf(text, "VARCHAR(%d)", &n); err != nil {
		return columnar.Type{}, fmt.Errorf("the type %s is unknown to the generator", text)
	}
	return columnar.Type{Kind: columnar.Varchar, Precision: n}, nil
}

// filled turns an iterator and the setter of a row into what pump takes.
func filled[T any](next func(*T) bool, set func(*row, *T)) func(*row) bool {
	x := new(T)
	return func(r *row) bool {
		if !next(x) {
			return false
		}
		set(r, x)
		return true
	}
}

func rowsOf(g *tpch.Generator, name string) func(*row) bool {
	all := tpch.Share{}
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

func setRegion(r *row, x *tpch.Region) {
	r.long(x.RegionKey)
	r.text(x.Name, x.Comment)
}

func setNation(r *row, x *tpch.Nation) {
	r.long(x.NationKey)
	r.text(x.Name)
	r.long(x.RegionKey)
	r.text(x.Comment)
}

func setSupplier(r *row, x *tpch.Supplier) {
	r.long(x.SuppKey)
	r.text(x.Name, x.Address)
	r.long(x.NationKey)
	r.text(x.Phone)
	r.long(x.AcctBal)
	r.text(x.Comment)
}

func setCustomer(r *row, x *tpch.Customer) {
	r.long(x.CustKey)
	r.text(x.Name, x.Address)
	r.long(x.NationKey)
	r.text(x.Phone)
	r.long(x.AcctBal)
	r.text(x.MktSegment, x.Comment)
}

func setPart(r *row, x *tpch.Part) {
	r.long(x.PartKey)
	r.text(x.Name, x.Mfgr, x.Brand, x.Type)
	r.int(x.Size)
	r.text(x.Container)
	r.long(x.RetailPrice)
	r.text(x.Comment)
}

func setPartSupp(r *row, x *tpch.PartSupp) {
	r.long(x.PartKey, x.SuppKey)
	r.int(x.AvailQty)
	r.long(x.SupplyCost)
	r.text(x.Comment)
}

func setOrder(r *row, x *tpch.Order) {
	r.long(x.OrderKey, x.CustKey)
	r.text(x.OrderStatus)
	r.long(x.TotalPrice)
	r.int(x.OrderDate)
	r.text(x.OrderPriority, x.Clerk)
	r.int(x.ShipPriority)
	r.text(x.Comment)
}

func setLineitem(r *row, x *tpch.Lineitem) {
	r.long(x.OrderKey, x.PartKey, x.SuppKey)
	r.int(x.LineNumber)
	r.long(x.Quantity, x.ExtendedPrice, x.Discount, x.Tax)
	r.text(x.ReturnFlag, x.LineStatus)
	r.int(x.ShipDate, x.CommitDate, x.ReceiptDate)
	r.text(x.ShipInstruct, x.ShipMode, x.Comment)
}
