// Package expr owns expressions over the columns of a batch: their typed, serializable form,
// the registry of the functions a user can call, and their compilation into vector programs.
// What an aggregate call computes is expr/aggregate's, the arithmetic of times expr/calendar's.
//
// Invariants:
//   - An Expr carries its type; whoever holds one never has to resolve a name again.
//   - A program evaluates fallible operations over live rows only, and an error counts only
//     if the value is used: CASE, COALESCE, AND and OR narrow the rows their parts see.
//   - The vector a program returns is valid until its next evaluation.
package expr
