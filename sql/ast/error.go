package ast

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Class says what kind of mistake an Error is about.
type Class int

// The classes of errors.
const (
	ClassSyntax      Class = iota // the text is not SQL
	ClassUnsupported              // the text is SQL that this engine refuses
	ClassSemantic                 // the text is SQL that does not mean anything: unknown names, wrong types
	ClassRuntime                  // what the text says has failed at a row
)

func (c Class) String() string {
	switch c {
	case ClassUnsupported:
		return "unsupported"
	case ClassSemantic:
		return "semantic"
	case ClassRuntime:
		return "runtime"
	default:
		return "syntax"
	}
}

// Error is a mistake in a SQL text with its place. The parser and the binder both return it.
type Error struct {
	Pos
	Class  Class
	Msg    string // what was expected and what was found
	Hint   string // what to do about it; may be empty
	Source string // the line at Pos, for the caret; filled by Locate
	Cause  error  // what Msg is of, if it is of another error
}

// Unwrap gives the cause, if there is one.
func (e *Error) Unwrap() error { return e.Cause }

// Errorf makes an error without a source line; Locate adds it.
func Errorf(at Node, class Class, format string, args ...any) *Error {
	return &Error{Pos: at.Position(), Class: class, Msg: fmt.Sprintf(format, args...)}
}

// Locate returns the error with the line of source that it points at.
func (e *Error) Locate(source string) *Error {
	located := *e
	located.Source = lineAt(source, e.Offset)
	return &located
}

// Render is the error's text with the line of source that it points at and a caret under the place.
func (e *Error) Render(source string) string {
	return e.Locate(source).Error()
}

// Error is "line L, column C: message", followed by the source line, a caret and the hint where known.
func (e *Error) Error() string {
	var b strings.Builder
	if e.IsValid() {
		fmt.Fprintf(&b, "line %d, column %d: ", e.Line, e.Column)
	}
	b.WriteString(e.Msg)
	if e.IsValid() && e.Source != "" {
		text, caret := excerpt(e.Source, e.Column)
		number := fmt.Sprint(e.Line)
		fmt.Fprintf(&b, "\n  %s | %s\n  %s | %s^", number, text, strings.Repeat(" ", len(number)), caret)
	}
	if e.Hint != "" {
		b.WriteString("\n  hint: ")
		b.WriteString(e.Hint)
	}
	return b.String()
}

// lineAt returns the line of source around a byte offset.
func lineAt(source string, offset int) string {
	offset = min(max(offset, 0), len(source))
	start := strings.LastIndexByte(source[:offset], '\n') + 1
	line := source[start:]
	if end := strings.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	return strings.TrimSuffix(line, "\r")
}

// excerptCharsMax bounds what an error shows of a generated one-line script.
const excerptCharsMax = 120

// excerpt returns the line, cut around the column when it is long, and the blanks before the caret.
func excerpt(line string, column int) (text, caret string) {
	chars := []rune(strings.ToValidUTF8(line, string(utf8.RuneError)))
	at := min(max(column-1, 0), len(chars))
	start, end := 0, len(chars)
	before, after := "", ""
	if len(chars) > excerptCharsMax {
		start = max(0, at-excerptCharsMax/2)
		end = min(len(chars), start+excerptCharsMax)
		if start > 0 {
			before = "..."
		}
		if end < len(chars) {
			after = "..."
		}
	}
	blanks := []rune(before + string(chars[start:at]))
	for i, c := range blanks {
		// A tab stays a tab, so that the caret keeps its column in any terminal.
		if c != '\t' {
			blanks[i] = ' '
		}
	}
	return before + string(chars[start:end]) + after, string(blanks)
}
