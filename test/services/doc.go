// Package services starts real servers for tests: scripts that install and run them, and what starts
// them from a test, each with data and ports of its own.
//
// A test whose server is not installed is skipped, by name; with ANABRANCH_REQUIRE_SERVICES=1 it
// fails.
//
// Invariant: a server is ended with the test that started it, and no other process ever is.
package services
