package tpch

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
)

// Tables lists the tables so that each comes after those it refers to.
func Tables() []string {
	return []string{"region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem"}
}

// A Column is the name and SQL type of one column. No column is nullable.
type Column struct {
	Name string
	Type string
}

// Columns returns the columns of a table in order, or nil if there is no such table. The benchmark's
// fixed-length texts are VARCHAR as well, since the rows carry no padding.
func Columns(table string) []Column {
	switch table {
	case "region":
		return regionColumns()
	case "nation":
		return nationColumns()
	case "supplier":
		return supplierColumns()
	case "customer":
		return customerColumns()
	case "part":
		return partColumns()
	case "partsupp":
		return partSuppColumns()
	case "orders":
		return orderColumns()
	case "lineitem":
		return lineitemColumns()
	}
	return nil
}

// Schema gives the columns of a table as the engine knows them.
func Schema(name string) (*columnar.Schema, error) {
	columns := Columns(name)
	if columns == nil {
		return nil, fmt.Errorf("unknown table %q", name)
	}
	s := &columnar.Schema{}
	for _, c := range columns {
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
