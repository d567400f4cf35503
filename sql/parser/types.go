package parser

import (
	"strconv"

	"github.com/anabranch/anabranch/sql/ast"
)

// typ reads a type with its nullability.
func (p *parser) typ() *ast.Type {
	defer p.leave()
	if !p.enter() {
		return &ast.Type{Pos: p.tok.pos}
	}
	t := p.baseType()
	p.nullability(t)
	for count := 0; p.atAny("ARRAY", "MULTISET"); count++ {
		kind := ast.TypeArray
		if p.at("MULTISET") {
			kind = ast.TypeMultiset
		}
		t = &ast.Type{Pos: p.take().pos, Kind: kind, Elem: t}
		p.nullability(t)
		if p.depth+count >= depthMax {
			p.failAt(t, "nested more than %d levels deep", depthMax)
		}
	}
	return t
}

func (p *parser) nullability(t *ast.Type) {
	switch {
	case p.accept("NOT", "NULL"):
		t.Null = ast.NotNull
	case p.accept("NULL"):
		t.Null = ast.Nullable
	}
}

func (p *parser) baseType() *ast.Type {
	t := &ast.Type{Pos: p.tok.pos}
	if p.tok.kind != tokenWord {
		p.expected("a type")
		return t
	}
	kind, argsMax, ok := typeOf(p.tok.upper)
	if !ok {
		p.unknownType()
		return t
	}
	word := p.take().upper
	t.Kind = kind
	switch kind {
	case ast.TypeArray, ast.TypeMultiset:
		p.expect("<")
		t.Elem = p.typ()
		p.closeAngle()
	case ast.TypeMap:
		p.expect("<")
		t.Key = p.typ()
		p.expect(",")
		t.Elem = p.typ()
		p.closeAngle()
	case ast.TypeRow:
		p.rowFields(t)
	case ast.TypeInterval:
		t.Interval = p.intervalQualifier()
	default:
		p.wordyType(t, word, argsMax)
	}
	return t
}

// wordyType reads the arguments of a type and the words that follow it.
func (p *parser) wordyType(t *ast.Type, word string, argsMax int) {
	switch word {
	case "DOUBLE":
		p.accept("PRECISION")
	case "CHAR", "CHARACTER":
		if p.accept("VARYING") {
			t.Kind = ast.TypeVarchar
		}
	case "BINARY":
		if p.accept("VARYING") {
			t.Kind = ast.TypeVarbinary
		}
	}
	if argsMax > 0 && p.accept("(") {
		t.Args = listOf(p, p.typeArg)
		if len(t.Args) > argsMax {
			p.failAt(t, "%s takes at most %d arguments, found %d", t.Kind, argsMax, len(t.Args))
		}
		p.expect(")")
	}
	if word != "TIMESTAMP" && word != "TIME" {
		return
	}
	switch {
	case p.accept("WITHOUT", "TIME", "ZONE"):
	case word == "TIMESTAMP" && p.accept("WITH", "LOCAL", "TIME", "ZONE"):
		t.Kind = ast.TypeTimestampLTZ
	case p.atSeq("WITH", "TIME", "ZONE"):
		p.unsupported(t, word+" WITH TIME ZONE", "an instant is TIMESTAMP_LTZ(p), or TIMESTAMP(p) WITH LOCAL TIME ZONE")
	}
}

func (p *parser) typeArg() int {
	if p.tok.kind != tokenNumber || p.tok.number != ast.NumberInteger {
		p.expected("a whole number")
		return 0
	}
	n, err := strconv.ParseInt(p.tok.text, 10, 32)
	if err != nil {
		p.failAt(p.tok.pos, "%s is too large for the argument of a type", p.tok.text)
	}
	p.next()
	return int(n)
}

// rowFields reads <a INT, b STRING 'comment'> or the same in parentheses.
func (p *parser) rowFields(t *ast.Type) {
	switch {
	case p.accept("<>"), p.accept("(", ")"):
	case p.accept("<"):
		if !p.at(">") {
			t.Fields = listOf(p, p.rowField)
		}
		p.closeAngle()
	case p.accept("("):
		t.Fields = listOf(p, p.rowField)
		p.expect(")")
	default:
		p.expected("< or ( after ROW")
	}
}

func (p *parser) rowField() ast.TypeField {
	f := ast.TypeField{Pos: p.tok.pos, Name: p.ident("a field name"), Type: p.typ()}
	if p.tok.kind == tokenString {
		f.Comment = p.take().text
	} else {
		f.Comment = p.comment()
	}
	return f
}

// closeAngle reads the > that ends type arguments, also out of >=, as in x::ARRAY<INT>=y.
func (p *parser) closeAngle() {
	if p.tok.is(">=") {
		p.tok.text = "="
		p.tok.pos.Offset++
		p.tok.pos.Column++
		return
	}
	p.expect(">")
}

func (p *parser) unknownType() {
	names := []string{
		"BOOLEAN", "TINYINT", "SMALLINT", "INT", "INTEGER", "BIGINT", "FLOAT", "REAL", "DOUBLE", "DECIMAL", "NUMERIC", "CHAR",
		"VARCHAR", "STRING", "TEXT", "BINARY", "VARBINARY", "BYTES", "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_LTZ", "INTERVAL",
		"ARRAY", "MAP", "MULTISET", "ROW", "VARIANT",
	}
	if near := nearest(p.tok.upper, names); near != "" {
		p.failHint("did you mean "+near+"?", "expected a type, found %s", &p.tok)
		return
	}
	p.failHint("", "expected a type, found %s", &p.tok)
}

// typeOf returns the type that a word begins and how many arguments it takes.
func typeOf(upper string) (kind ast.TypeKind, argsMax int, ok bool) {
	switch upper {
	case "BOOLEAN", "BOOL":
		return ast.TypeBoolean, 0, true
	case "TINYINT":
		return ast.TypeTinyint, 0, true
	case "SMALLINT", "INT2":
		return ast.TypeSmallint, 0, true
	case "INT", "INTEGER", "INT4":
		return ast.TypeInt, 0, true
	case "BIGINT", "INT8":
		return ast.TypeBigint, 0, true
	case "FLOAT", "REAL", "FLOAT4":
		return ast.TypeFloat, 0, true
	case "DOUBLE", "FLOAT8":
		return ast.TypeDouble, 0, true
	case "DECIMAL", "DEC", "NUMERIC":
		return ast.TypeDecimal, 2, true
	case "CHAR", "CHARACTER":
		return ast.TypeChar, 1, true
	case "VARCHAR":
		return ast.TypeVarchar, 1, true
	case "STRING", "TEXT":
		return ast.TypeString, 0, true
	case "BINARY":
		return ast.TypeBinary, 1, true
	case "VARBINARY":
		return ast.TypeVarbinary, 1, true
	case "BYTES", "BYTEA":
		return ast.TypeBytes, 0, true
	case "DATE":
		return ast.TypeDate, 0, true
	case "TIME":
		return ast.TypeTime, 1, true
	case "TIMESTAMP":
		return ast.TypeTimestamp, 1, true
	case "TIMESTAMP_LTZ", "TIMESTAMPTZ":
		return ast.TypeTimestampLTZ, 1, true
	default:
		kind, ok = nestedTypeOf(upper)
		return kind, 0, ok
	}
}

func nestedTypeOf(upper string) (kind ast.TypeKind, ok bool) {
	switch upper {
	case "INTERVAL":
		return ast.TypeInterval, true
	case "ARRAY":
		return ast.TypeArray, true
	case "MAP":
		return ast.TypeMap, true
	case "MULTISET":
		return ast.TypeMultiset, true
	case "ROW":
		return ast.TypeRow, true
	case "VARIANT":
		return ast.TypeVariant, true
	}
	return 0, false
}
