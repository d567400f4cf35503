package parser

import "github.com/anabranch/anabranch/sql/ast"

type tokenKind uint8

const (
	tokenEnd    tokenKind = iota
	tokenWord             // bare word: keyword or name
	tokenQuoted           // name in backticks or double quotes
	tokenString
	tokenNumber
	tokenBinary
	tokenSymbol
	tokenBad // what no token begins with; err says why
)

// openKind is what the text ended within.
type openKind uint8

const (
	openNothing openKind = iota
	openString
	openName
	openComment
)

type token struct {
	kind   tokenKind
	number ast.NumberKind
	open   openKind
	text   string // the value of a literal or name, the spelling of anything else
	upper  string // of a word: in upper case
	pos    ast.Pos
	end    int // offset behind the token
	err    *ast.Error
}

// is reports whether the token is a bare keyword in upper case, or a symbol.
func (t *token) is(s string) bool {
	switch t.kind {
	case tokenWord:
		return t.upper == s
	case tokenSymbol:
		return t.text == s
	default:
		return false
	}
}

// isName reports whether the token can be a name where any name can stand.
func (t *token) isName() bool {
	return t.kind == tokenQuoted || t.kind == tokenWord && !ast.IsReserved(t.upper)
}

// String describes the token for an error message.
func (t *token) String() string {
	switch t.kind {
	case tokenEnd:
		return "the end of the text"
	case tokenString:
		return "the string " + ast.QuoteString(shorten(t.text))
	case tokenNumber:
		return "the number " + t.text
	case tokenBinary:
		return "a binary literal"
	case tokenQuoted:
		return "the name `" + shorten(t.text) + "`"
	default:
		return `"` + shorten(t.text) + `"`
	}
}

// shorten keeps error messages to one line.
func shorten(s string) string {
	const charsMax = 40
	chars := []rune(s)
	if len(chars) <= charsMax {
		return s
	}
	return string(chars[:charsMax]) + "..."
}
