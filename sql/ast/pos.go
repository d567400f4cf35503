package ast

// Pos is a place in a source text; the zero Pos is no place.
type Pos struct {
	Offset int // in bytes, from 0
	Line   int // from 1
	Column int // in characters, from 1
}

// Position returns the place itself, so that every struct which embeds Pos is a Node.
func (p Pos) Position() Pos { return p }

// IsValid reports whether p is a place at all.
func (p Pos) IsValid() bool { return p.Line > 0 }

// Node is any part of the tree. The position of an expression with an infix or postfix operator
// is that of the operator; every other node's is that of its first word.
type Node interface {
	Position() Pos
}

// Ident is one identifier, its case as written and its quotes removed.
type Ident struct {
	Pos
	Name string
}

// Name is a possibly qualified name, such as catalog.database.table.
type Name []Ident

// Position returns where the first part stands.
func (n Name) Position() Pos {
	if len(n) == 0 {
		return Pos{}
	}
	return n[0].Pos
}

// Last returns the innermost part, the object's own name.
func (n Name) Last() Ident {
	if len(n) == 0 {
		return Ident{}
	}
	return n[len(n)-1]
}

// Strings returns the parts without their positions.
func (n Name) Strings() []string {
	parts := make([]string, len(n))
	for i, part := range n {
		parts[i] = part.Name
	}
	return parts
}

// Property is one 'key' = 'value' pair of a WITH clause, a SET or a hint.
type Property struct {
	Pos
	Key   string
	Value string
}

// Option is one setting of COPY or EXPLAIN: a name with no, one or several values.
type Option struct {
	Pos
	Name   string   // upper case
	Values []string // words, numbers and strings alike, as text
}
