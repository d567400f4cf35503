package file

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
)

// find gives the positions in a file of columns that files hold, and the types they are to be read as.
func (s *source) find(file *columnar.Schema, path string, wanted []int) (columns []int, types []columnar.Type, err error) {
	columns = []int{} // nil would be all of them
	for _, c := range wanted {
		want := s.rows.Fields[c]
		at := file.Index(want.Name)
		if at < 0 {
			return nil, nil, fmt.Errorf("%s has no column %s; its columns are %s", path, want.Name, file)
		}
		if have := file.Fields[at].Type; !reads(have, want.Type) {
			return nil, nil, fmt.Errorf("%s: column %s is %s, the table's is %s", path, want.Name, have.Nullable(), want.Type.Nullable())
		}
		columns, types = append(columns, at), append(types, want.Type)
	}
	return columns, types, nil
}

// reads reports whether a column of a file can be read as a type: files know no lengths of strings, and
// of times only the unit.
func reads(have, want columnar.Type) bool {
	switch {
	case have.IsString() && want.IsString() || have.IsBinary() && want.IsBinary():
		return true
	case have.Kind == want.Kind && have.Kind == columnar.Time:
		return true
	case have.Kind == want.Kind && have.IsTimestamp():
		return columnar.UnitsPerSecond(have.Precision) == columnar.UnitsPerSecond(want.Precision)
	}
	if !have.IsNested() || have.Kind != want.Kind || len(have.Fields) != len(want.Fields) {
		return have.SameValues(want)
	}
	for i, f := range have.Fields {
		if have.Kind == columnar.Row && f.Name != want.Fields[i].Name || !reads(f.Type, want.Fields[i].Type) {
			return false
		}
	}
	return true
}
