// Package builtin lists the connectors that come with the binary.
//
// Invariant: this is the only place that knows them all.
package builtin

import (
	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/io/console"
	"github.com/anabranch/anabranch/io/file"
	"github.com/anabranch/anabranch/io/generator"
	"github.com/anabranch/anabranch/io/kafka"
	"github.com/anabranch/anabranch/io/memory"
)

// Connectors is the registry of all connectors. Tables in memory belong to the registry, so each
// session has one of its own.
func Connectors() *catalog.Registry { return with(console.Print{}) }

// ConnectorsOfProtocol are those of a process whose standard output follows a protocol: what the connector
// 'print' writes goes to standard error.
func ConnectorsOfProtocol() *catalog.Registry { return with(console.Print{ToError: true}) }

func with(printer console.Print) *catalog.Registry {
	return catalog.NewRegistry(file.Connector{}, kafka.Connector{}, kafka.Upsert{}, memory.New(), generator.Nexmark{}, generator.Datagen{}, printer, console.Blackhole{})
}
