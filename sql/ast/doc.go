// Package ast owns the syntax tree of SQL: what was written, where it was written, and how to write it back.
//
// Invariant: every node of a parsed tree has a position in its source, and Format of any parsed
// tree is SQL that parses to the same tree, positions aside. Parentheses, keyword case, synonyms
// (INTEGER, x::t, FETCH FIRST) and comments are not in the tree; Format writes one spelling.
//
// Files: expr.go, literal.go and call.go hold expressions, types.go types, query.go and table.go
// queries, statement.go and ddl.go statements; format*.go print them.
package ast
