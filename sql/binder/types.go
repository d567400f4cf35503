package binder

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

// Type is the type that was written, with its precision and length checked.
func Type(t *ast.Type) (columnar.Type, error) {
	typ, err := valueType(t)
	typ.NotNull = t.Null == ast.NotNull
	return typ, err
}

func simpleTypes() map[ast.TypeKind]columnar.Type {
	return map[ast.TypeKind]columnar.Type{
		ast.TypeBoolean: columnar.TypeBoolean, ast.TypeTinyint: columnar.TypeTinyInt, ast.TypeSmallint: columnar.TypeSmallInt,
		ast.TypeInt: columnar.TypeInteger, ast.TypeBigint: columnar.TypeBigInt, ast.TypeFloat: columnar.TypeFloat,
		ast.TypeDouble: columnar.TypeDouble, ast.TypeString: columnar.TypeString, ast.TypeBytes: columnar.TypeBytes,
		ast.TypeDate: columnar.TypeDate,
	}
}

func valueType(t *ast.Type) (columnar.Type, error) {
	if simple, ok := simpleTypes()[t.Kind]; ok {
		return simple, nil
	}
	switch t.Kind {
	case ast.TypeDecimal:
		return decimalType(t)
	case ast.TypeChar:
		return sized(t, columnar.Char, 1, columnar.MaxLength, 1)
	case ast.TypeVarchar:
		return sized(t, columnar.Varchar, 1, columnar.MaxLength, columnar.MaxLength)
	case ast.TypeBinary:
		return sized(t, columnar.Binary, 1, columnar.MaxLength, 1)
	case ast.TypeVarbinary:
		return sized(t, columnar.Varbinary, 1, columnar.MaxLength, columnar.MaxLength)
	case ast.TypeTime:
		return sized(t, columnar.Time, 0, 9, 0)
	case ast.TypeTimestamp:
		return sized(t, columnar.Timestamp, 0, 9, 6)
	case ast.TypeTimestampLTZ:
		return sized(t, columnar.TimestampLTZ, 0, 9, 6)
	case ast.TypeInterval:
		if t.Interval == nil {
			return columnar.Type{}, plan.Refuse(t, "type", ast.Format(t))
		}
		if unitMonths(t.Interval.From) > 0 {
			return columnar.Type{Kind: columnar.IntervalMonth}, nil
		}
		return columnar.Type{Kind: columnar.IntervalDay}, nil
	}
	return nestedType(t)
}

func decimalType(t *ast.Type) (columnar.Type, error) {
	precision, scale := 10, 0
	if len(t.Args) > 0 {
		precision = t.Args[0]
	}
	if len(t.Args) > 1 {
		scale = t.Args[1]
	}
	if precision < 1 || precision > columnar.DigitsMax {
		return columnar.Type{}, ast.Errorf(t, ast.ClassSemantic, "the precision of DECIMAL is 1 to %d, not %d", columnar.DigitsMax, precision)
	}
	if scale < 0 || scale > precision {
		return columnar.Type{}, ast.Errorf(t, ast.ClassSemantic, "the scale of DECIMAL(%d, %d) exceeds its precision", precision, scale)
	}
	return columnar.DecimalOf(precision, scale), nil
}

func sized(t *ast.Type, kind columnar.Kind, low, high, standard int) (columnar.Type, error) {
	n := standard
	if len(t.Args) > 0 {
		n = t.Args[0]
	}
	if n < low || n > high {
		return columnar.Type{}, ast.Errorf(t, ast.ClassSemantic, "%s(%d): the number is %d to %d", t.Kind, n, low, high)
	}
	return columnar.Type{Kind: kind, Precision: n}, nil
}

func nestedType(t *ast.Type) (columnar.Type, error) {
	typ := columnar.Type{}
	add := func(name string, u *ast.Type) error {
		f, err := Type(u)
		typ.Fields = append(typ.Fields, columnar.Field{Name: name, Type: f})
		return err
	}
	switch t.Kind {
	case ast.TypeArray:
		typ.Kind = columnar.Array
		return typ, add("element", t.Elem)
	case ast.TypeMap:
		typ.Kind = columnar.Map
		if err := add("key", t.Key); err != nil {
			return typ, err
		}
		return typ, add("value", t.Elem)
	case ast.TypeRow:
		typ.Kind = columnar.Row
		for _, f := range t.Fields {
			if err := add(f.Name.Name, f.Type); err != nil {
				return typ, err
			}
		}
		return typ, nil
	}
	return typ, plan.Refuse(t, "type", ast.Format(t))
}
