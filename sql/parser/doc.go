// Package parser turns SQL text into the tree of package ast: a hand-written lexer and a recursive-descent parser.
//
// Invariant: Parse never panics and never overflows the stack. Nesting is bounded by depthMax, chains of
// operators (a AND b AND ..) are parsed in a loop and bounded by chainMax, and beyond either bound
// the answer is an error. Whatever parses is printed by ast.Format as SQL that parses to the same tree,
// unless the parentheses it adds (a = NOT b becomes a = (NOT b)) pass depthMax.
//
// The parser keeps its first error and then behaves as if the text had ended, so that the grammar's
// functions need no error result: loops end, and the entry points look at the error once.
//
// Files: token.go and lexer*.go make tokens, parser.go reads them, error.go words what is wrong with them;
// expr.go, primary.go, call.go and types.go parse expressions, query.go, select.go and table.go queries,
// statement.go, show.go, set.go, create.go and alter.go statements; script.go is the entry.
package parser
