package catalog

import (
	"fmt"
	"slices"
)

// optionsOf are the options of a connector and those that Flink gives all sources or all sinks.
func optionsOf(c Connector) []Option {
	const pace, parallelism = "watermarks go with every batch and sources do not wait for each other", "SET 'parallelism.default' is for all operators"
	options := slices.Clone(c.Options())
	if _, ok := c.(SourceConnector); ok {
		options = append(
			options,
			Option{Key: "scan.parallelism", Ignored: parallelism},
			Option{Key: "scan.watermark.emit.strategy", Ignored: pace},
			Option{Key: "scan.watermark.emit.on-event.gap", Ignored: pace},
			Option{Key: "scan.watermark.alignment.*", Ignored: pace},
		)
	}
	if _, ok := c.(SinkConnector); ok {
		options = append(options, Option{Key: "sink.parallelism", Ignored: parallelism})
	}
	return options
}

// IgnoredOptions says which of a table's options change nothing, and why.
func IgnoredOptions(c Connector, options map[string]string) []string {
	var notes []string
	for _, o := range optionsOf(c) {
		for key := range options {
			if o.Ignored != "" && o.names(key) {
				notes = append(notes, fmt.Sprintf("option '%s' has no effect: %s", key, o.Ignored))
			}
		}
	}
	slices.Sort(notes)
	return notes
}

// IgnoredFormatOptions are those of Flink's text formats that change nothing, with a prefix such as
// "value.". Where Values are told, others would ask for something else.
func IgnoredFormatOptions(prefix string) []Option {
	options := []Option{
		{Key: "json.encode.decimal-as-plain-number", Ignored: "decimals are written with all their digits"},
		{Key: "json.decode.json-parser.enabled", Ignored: "there is one parser"},
		{Key: "json.map-null-key.mode", Ignored: "keys of a MAP are not null", Values: []string{"FAIL", "DROP", "LITERAL"}},
		{Key: "json.map-null-key.literal", Ignored: "keys of a MAP are not null"},
		{Key: "csv.write-bigdecimal-in-scientific-notation", Ignored: "decimals are written with all their digits"},
		{Key: "csv.array-element-delimiter", Ignored: "CSV has no nested columns"},
	}
	for i := range options {
		options[i].Key = prefix + options[i].Key
	}
	return options
}
