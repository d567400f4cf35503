// Package generator makes rows from nothing: the connector 'datagen', random and sequential
// values with Flink's options, and the connector 'nexmark', the events of an online
// auction site (Tucker, Tufte, Papadimos and Maier, "NEXMark - A Benchmark for Queries over Data
// Streams") with the options and schema of the public benchmark.
//
// Invariant: an event is a function of its number and the options alone, so that every
// parallelism, restart and repetition gives the same events. So is a row of 'datagen', but for
// times, which count back from now.
package generator
