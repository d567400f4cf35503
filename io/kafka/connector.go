package kafka

import (
	"fmt"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/catalog/deadletter"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// Connector is the connector 'kafka'.
type Connector struct{}

var (
	_ catalog.SourceConnector   = Connector{}
	_ catalog.MetadataConnector = Connector{}
)

// Name is 'kafka'.
func (Connector) Name() string { return "kafka" }

// Options lists the options; the names are Flink's.
func (Connector) Options() []catalog.Option {
	return append([]catalog.Option{
		{Key: "topic", Description: "topics to read, separated by ';', or the one to write"},
		{Key: "topic-pattern", Description: "regular expression of topics to read"},
		{Key: "properties.*", Description: "properties of the Java client, such as properties.bootstrap.servers"},
		{Key: "format", Description: "json, csv or raw: how values are written"},
		{Key: "value.format", Description: "the same as format"},
		{Key: "key.format", Description: "json, csv or raw: how keys are written"},
		{Key: "key.fields", Description: "columns that the key holds, separated by ';'"},
		{Key: "key.fields-prefix", Description: "what the names of these columns begin with in the table only"},
		{Key: "value.fields-include", Description: "ALL, or EXCEPT_KEY: whether the value holds the key's columns too", Default: "ALL"},
		{Key: "scan.startup.mode", Description: "earliest-offset, latest-offset, group-offsets, timestamp or specific-offsets", Default: "group-offsets"},
		{Key: "scan.startup.specific-offsets", Description: "as 'partition:0,offset:42;partition:1,offset:300'"},
		{Key: "scan.startup.timestamp-millis", Description: "time of the first record to read"},
		{Key: "scan.watermark.idle-timeout", Description: "how long a partition has to be silent in order not to hold the watermark back"},
		{Key: "sink.partitioner", Description: "default (by key), fixed or round-robin", Default: "default"},
	}, append(append(endOptions(), sharedOptions()...), deadletter.Known()...)...)
}

// endOptions are those of both connectors about where reading ends.
func endOptions() []catalog.Option {
	return []catalog.Option{
		{Key: "scan.bounded.mode", Description: "unbounded, latest-offset, group-offsets, timestamp or specific-offsets", Default: "unbounded"},
		{Key: "scan.bounded.specific-offsets", Description: "as scan.startup.specific-offsets"},
		{Key: "scan.bounded.timestamp-millis", Description: "time of the first record not to read"},
		{Key: "scan.topic-partition-discovery.interval", Description: "how often to look for new partitions; '0 s' is never", Default: "5 min"},
	}
}

// sharedOptions are those of both connectors.
func sharedOptions() []catalog.Option {
	options := []catalog.Option{
		{Key: "sink.delivery-guarantee", Description: "exactly-once, at-least-once or none", Default: "at-least-once"},
		{Key: "sink.transactional-id-prefix", Description: "begins the ids of transactions; exactly-once needs it"},
	}
	for _, prefix := range []string{"", "value.", "key."} {
		options = append(options, formatOptionsOf(prefix)...)
		options = append(options, catalog.IgnoredFormatOptions(prefix)...)
	}
	for _, name := range ignoredProperties {
		options = append(options, catalog.Option{Key: propertyPrefix + name, Ignored: "it tunes what works otherwise here"})
	}
	return options
}

// formatOptionsOf are those of formats, with a prefix such as "value.".
func formatOptionsOf(prefix string) []catalog.Option {
	return []catalog.Option{
		{Key: prefix + "json.ignore-parse-errors", Description: "leave bad records out and count them", Default: "false"},
		{Key: prefix + "json.fail-on-missing-field", Description: "a missing field is an error, not null", Default: "false"},
		{Key: prefix + "json.timestamp-format.standard", Description: "SQL or ISO-8601", Default: "SQL"},
		{Key: prefix + "json.encode.ignore-null-fields", Description: "fields that are null are not written", Default: "false"},
		{Key: prefix + "csv.field-delimiter", Description: "one character", Default: ","},
		{Key: prefix + "csv.quote-character", Description: "one character", Default: `"`},
		{Key: prefix + "csv.escape-character", Description: "one character; by default there is none"},
		{Key: prefix + "csv.disable-quote-character", Description: "quotes are as any other character; for reading", Default: "false", Values: catalog.Flag()},
		{Key: prefix + "csv.allow-comments", Ignored: "a record is no comment", Values: []string{"false"}},
		{Key: prefix + "csv.null-literal", Description: "text of a null", Default: ""},
		{Key: prefix + "csv.ignore-parse-errors", Description: "leave bad records out and count them", Default: "false"},
	}
}

// MetadataColumns are what a record has beside key and value.
func (Connector) MetadataColumns() []columnar.Field {
	header := columnar.Type{Kind: columnar.Map, NotNull: true, Fields: []columnar.Field{
		{Name: "key", Type: columnar.TypeString.Required()}, {Name: "value", Type: columnar.TypeBytes},
	}}
	return []columnar.Field{
		{Name: "topic", Type: columnar.TypeString.Required()},
		{Name: "partition", Type: columnar.TypeInteger.Required()},
		{Name: "headers", Type: header},
		{Name: "leader-epoch", Type: columnar.TypeInteger},
		{Name: "offset", Type: columnar.TypeBigInt.Required()},
		{Name: "timestamp", Type: columnar.TimestampLTZOf(3).Required()},
		{Name: "timestamp-type", Type: columnar.TypeString.Required()},
	}
}

// Source reads the options of a table.
func (c Connector) Source(spec *catalog.TableSpec) (dataflow.Source, error) {
	t, err := newTable(c, spec)
	if err == nil {
		err = t.readOptions(spec.Options)
	}
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", spec.Name, err)
	}
	return newSource(t), nil
}
