package parquet

import (
	"errors"
	"fmt"

	"github.com/anabranch/anabranch/columnar"
)

// node is a column or a part of a nested one.
type node struct {
	name string
	typ  columnar.Type
	// def is the definition level from which the node is not null, rep the number of lists
	// around it, slot the definition level from which the innermost list around it has an
	// element at all.
	def, rep, slot int
	// elemDef is, of a list or map, the level from which it is not empty.
	elemDef  int
	children []*node
	leaf     *leaf // nil for ROW, ARRAY and MAP
}

// leaf is a stored column.
type leaf struct {
	index    int // among the file's leaves
	path     string
	phys     physical
	length   int // of a FIXED_LEN_BYTE_ARRAY
	def, rep int
	logical  logical
}

func (n *node) leaves(out []*leaf) []*leaf {
	if n.leaf != nil {
		return append(out, n.leaf)
	}
	for _, c := range n.children {
		out = c.leaves(out)
	}
	return out
}

// schemaReader walks the footer's flat, depth-first list of elements.
type schemaReader struct {
	elements []element
	pos      int
	leaves   int
}

// levels are the position of an element among its ancestors.
type levels struct{ def, rep, slot int }

func readSchema(elements []element) ([]*node, int, error) {
	if len(elements) == 0 {
		return nil, 0, errors.New("the schema is empty")
	}
	r := &schemaReader{elements: elements, pos: 1}
	var columns []*node
	for range elements[0].children {
		n, err := r.node("", levels{}, 0)
		if err != nil {
			return nil, 0, err
		}
		columns = append(columns, n)
	}
	if r.pos != len(elements) {
		return nil, 0, fmt.Errorf("the schema has %d elements, its tree %d", len(elements), r.pos)
	}
	return columns, r.leaves, nil
}

func (r *schemaReader) next() (element, error) {
	if r.pos >= len(r.elements) {
		return element{}, errors.New("the schema ends inside a group")
	}
	r.pos++
	return r.elements[r.pos-1], nil
}

// node reads the next element and what is below it.
func (r *schemaReader) node(parent string, at levels, depth int) (*node, error) {
	e, err := r.next()
	if err != nil {
		return nil, err
	}
	if depth > nestingMax {
		return nil, fmt.Errorf("column %q: nested deeper than %d", parent, nestingMax)
	}
	path := e.name
	if parent != "" {
		path = parent + "." + e.name
	}
	if e.repetition == repRepeated {
		return r.bareList(&e, path, at, depth)
	}
	if e.repetition == repOptional {
		at.def++
	}
	return r.body(&e, path, at, depth)
}

// bareList is a repeated element outside a LIST group: a list of required elements.
func (r *schemaReader) bareList(e *element, path string, at levels, depth int) (*node, error) {
	list := &node{name: e.name, def: at.def, rep: at.rep, slot: at.slot, elemDef: at.def + 1}
	elem, err := r.body(e, path, levels{def: at.def + 1, rep: at.rep + 1, slot: at.def + 1}, depth+1)
	if err != nil {
		return nil, err
	}
	list.children = []*node{elem}
	list.typ = columnar.ArrayOf(elem.typ).Required()
	return list, nil
}

// body makes the node of e, whose repetition at already counts.
func (r *schemaReader) body(e *element, path string, at levels, depth int) (*node, error) {
	n := &node{name: e.name, def: at.def, rep: at.rep, slot: at.slot}
	required := e.repetition != repOptional
	var err error
	switch {
	case e.typ >= 0:
		err = r.leafNode(n, e, path, at)
	case e.children <= 0:
		return nil, fmt.Errorf("column %q: a group without fields", path)
	case e.logical.kind == logicalList || e.converted == convertedList:
		err = r.list(n, e, path, at, depth)
	case e.logical.kind == logicalMap || e.converted == convertedMap || e.converted == convertedMapKV:
		err = r.mapNode(n, path, at, depth)
	default:
		err = r.row(n, e.children, path, at, depth)
	}
	if err != nil {
		return nil, err
	}
	n.typ.NotNull = required
	return n, nil
}

func (r *schemaReader) row(n *node, fields int, path string, at levels, depth int) error {
	n.typ = columnar.Type{Kind: columnar.Row}
	for range fields {
		c, err := r.node(path, at, depth+1)
		if err != nil {
			return err
		}
		n.children = append(n.children, c)
		n.typ.Fields = append(n.typ.Fields, columnar.Field{Name: c.name, Type: c.typ})
	}
	return nil
}

// list reads the repeated element of a LIST group. In the standard form it is a group around
// the element; older writers repeat the element itself (LogicalTypes.md, backward
// compatibility rules).
func (r *schemaReader) list(n *node, e *element, path string, at levels, depth int) error {
	inner, err := r.next()
	if err != nil {
		return err
	}
	if e.children != 1 || inner.repetition != repRepeated {
		return fmt.Errorf("column %q: a LIST must have one repeated field", path)
	}
	n.elemDef = at.def + 1
	in := levels{def: at.def + 1, rep: at.rep + 1, slot: at.def + 1}
	path += "." + inner.name
	var elem *node
	if inner.typ >= 0 || inner.children != 1 || inner.name == "array" || inner.name == e.name+"_tuple" {
		elem, err = r.body(&inner, path, in, depth+1)
	} else {
		elem, err = r.node(path, in, depth+1)
	}
	if err != nil {
		return err
	}
	n.children = []*node{elem}
	n.typ = columnar.ArrayOf(elem.typ)
	return nil
}

func (r *schemaReader) mapNode(n *node, path string, at levels, depth int) error {
	inner, err := r.next()
	if err != nil {
		return err
	}
	if inner.repetition != repRepeated || inner.typ >= 0 || inner.children != 2 {
		return fmt.Errorf("column %q: a MAP must have one repeated group of a key and a value", path)
	}
	n.elemDef = at.def + 1
	in := levels{def: at.def + 1, rep: at.rep + 1, slot: at.def + 1}
	if err := r.row(n, 2, path+"."+inner.name, in, depth+1); err != nil {
		return err
	}
	n.typ.Kind = columnar.Map
	return nil
}

func (r *schemaReader) leafNode(n *node, e *element, path string, at levels) error {
	if e.typ > physFixed {
		return fmt.Errorf("column %q: unknown physical type %d", path, e.typ)
	}
	if e.typ == physFixed && (e.length <= 0 || e.length > 1<<20) {
		return fmt.Errorf("column %q: fixed length of %d bytes", path, e.length)
	}
	l := logicalOf(e)
	t, err := leafType(e, &l)
	if err != nil {
		return fmt.Errorf("column %q: %w", path, err)
	}
	n.typ = t
	n.leaf = &leaf{
		index: r.leaves, path: path, phys: e.typ, length: e.length,
		def: at.def, rep: at.rep, logical: l,
	}
	r.leaves++
	return nil
}
