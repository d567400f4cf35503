// Package session owns one user's settings and tables, and what each statement does with them.
//
// Invariant: Plan changes nothing; Apply changes the catalog and settings only, and all of it or
// nothing. Every error of a statement is an *ast.Error with the line it points at.
package session
