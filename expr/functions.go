package expr

import (
	"fmt"
	"maps"
	"sync"

	"github.com/anabranch/anabranch/columnar"
)

// registry holds the built-in functions by name. It fills itself once, on first use, and never
// changes after.
type registry struct {
	once sync.Once
	all  map[string]*function
}

var builtins registry

func functions() map[string]*function {
	builtins.once.Do(func() {
		all := map[string]*function{}
		for _, group := range [][]*function{
			arithmeticFunctions(), comparisonFunctions(), logicFunctions(), conditionalFunctions(),
			stringFunctions(), timeFunctions(), mathFunctions(), randomFunctions(), rowFunctions(),
		} {
			for _, f := range group {
				all[f.name] = f
			}
		}
		maps.Copy(all, aliases(all))
		builtins.all = all
	})
	return builtins.all
}

// aliases are further names of functions.
func aliases(all map[string]*function) map[string]*function {
	return map[string]*function{
		"CHARACTER_LENGTH": all["CHAR_LENGTH"], "LENGTH": all["CHAR_LENGTH"], "MOD": all["%"],
		"SUBSTR": all["SUBSTRING"], "POW": all["POWER"], "CEILING": all["CEIL"],
		"!=": all["<>"],
	}
}

// argsOf makes a bind function that wants each argument to satisfy want and returns the type
// result.
func argsOf(want string, ok func(columnar.Type) bool, result func(args []*Expr) columnar.Type) func([]*Expr) ([]*Expr, columnar.Type, error) {
	return func(args []*Expr) ([]*Expr, columnar.Type, error) {
		for i, a := range args {
			if !ok(a.Type) && !a.IsNullConstant() {
				return nil, columnar.Type{}, fmt.Errorf("argument %d is %s, not %s", i+1, a.Type.Nullable(), want)
			}
		}
		return args, result(args), nil
	}
}

func fixed(t columnar.Type) func([]*Expr) columnar.Type {
	return func([]*Expr) columnar.Type { return t }
}

// unify casts all arguments to their common type. String literals take the type of the other
// arguments.
func unify(args []*Expr) ([]*Expr, columnar.Type, error) {
	t := columnar.TypeNull
	literal := false
	for _, a := range args {
		if a.IsConstant() && a.Type.IsString() {
			literal = true
			continue
		}
		u, ok := CommonType(t, a.Type)
		if !ok {
			return nil, t, fmt.Errorf("%s and %s cannot be compared; cast one of them", t.Nullable(), a.Type.Nullable())
		}
		t = u
	}
	if literal && (t.Kind == columnar.Null || t.IsString()) {
		t = columnar.TypeString
	}
	for i, a := range args {
		c, err := NewCast(a, t, false)
		if err != nil {
			return nil, t, err
		}
		args[i] = c
	}
	return args, t, nil
}
