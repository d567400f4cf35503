// Package binder owns meaning: it turns a syntax tree into a plan by finding the column, table,
// function and type behind every name.
//
// Invariant: a bound plan is well typed, so that whatever fails later fails on values or on a
// lack of an operator; every error is an *ast.Error with the place of the mistake.
//
// Files: query.go, select.go, group.go, order.go and setop.go bind queries, from.go, table.go,
// join.go and tvf.go what stands in FROM, expr*.go, literal.go and subquery.go expressions.
package binder
