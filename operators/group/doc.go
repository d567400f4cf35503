// Package group aggregates rows by key: once the input has ended, in one or two phases, or as a changelog
// that follows the rows. Windows group in windowing.
package group
