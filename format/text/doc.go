// Package text owns the text forms of SQL values that CSV and JSON share.
//
// Invariant: what an Append function writes, the Parse function of the same type reads back
// as the same value; no input makes a Parse function panic.
package text
