package session

import (
	"fmt"
	"strings"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/sql/ast"
)

// sinkSpec is a table as it is written: with the metadata columns that are not VIRTUAL behind the others,
// of the connector's types. order are its columns as they are declared.
func (s *Session) sinkSpec(t *catalog.Table, at ast.Node) (spec *catalog.TableSpec, order []int, err error) {
	spec = t.Spec()
	next, physical := 0, len(spec.Schema.Fields)
	for _, c := range t.Columns {
		switch {
		case c.Kind == catalog.Physical:
			order = append(order, next)
			next++
		case c.Kind == catalog.Metadata && !c.Virtual:
			f, key, err := s.writable(spec, c)
			if err != nil {
				return nil, nil, ast.Errorf(at, ast.ClassSemantic, "column %s of table %s: %v", c.Name, t.Name, err)
			}
			order = append(order, physical+len(spec.Metadata))
			spec.Schema.Fields = append(spec.Schema.Fields, f)
			spec.Metadata = append(spec.Metadata, key)
		}
	}
	return spec, order, nil
}

// writable is a metadata column as the connector takes it.
func (s *Session) writable(spec *catalog.TableSpec, c catalog.Column) (f columnar.Field, key string, err error) {
	if key = c.Key; key == "" {
		key = c.Name
	}
	connector, err := s.Registry.Lookup(spec.Connector)
	if err != nil {
		return f, key, err
	}
	m, ok := connector.(catalog.MetadataSink)
	if !ok {
		return f, key, fmt.Errorf("connector '%s' writes no metadata; declare the column VIRTUAL", connector.Name())
	}
	known := &columnar.Schema{Fields: m.WritableMetadata()}
	i := known.Index(key)
	if i < 0 {
		return f, key, fmt.Errorf("connector '%s' does not write the metadata '%s'; declare the column VIRTUAL (written: %s)", connector.Name(), key, strings.Join(known.Names(), ", "))
	}
	return columnar.Field{Name: c.Name, Type: known.Fields[i].Type}, key, nil
}
