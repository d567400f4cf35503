package tpch

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
