package held

import (
	"fmt"
	"strings"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/expr"
)

// NotThere is the error for the first row of b that was to be removed but was not found: ids are what
// was found for its live rows, and input names where b came from.
func NotThere(ids []uint32, b *columnar.Batch, input string, env *expr.Env) error {
	for k, id := range ids {
		if id == hashtable.NoRow {
			return fmt.Errorf("%s takes a row back that is not there: %s", input, RowText(b, b.Row(k), env))
		}
	}
	return nil
}

// RowText shows row i of b, in errors.
func RowText(b *columnar.Batch, i int, env *expr.Env) string {
	var cells []string
	for _, v := range b.Cols {
		cells = append(cells, string(columnar.AppendText(nil, v, i, env.Location)))
	}
	return strings.Join(cells, " | ")
}
