package file

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/catalog/deadletter"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/format/arrow"
	"github.com/anabranch/anabranch/format/csv"
	"github.com/anabranch/anabranch/format/json"
	"github.com/anabranch/anabranch/format/parquet"
	"github.com/anabranch/anabranch/vfs"
)

// Connector is the connector 'filesystem'.
type Connector struct{}

var (
	_ catalog.SourceConnector = Connector{}
	_ catalog.SinkConnector   = Connector{}
	_ catalog.SingleWriter    = Connector{}
	_ catalog.Inferrer        = Connector{}

	_ catalog.OverwritingConnector = Connector{}
)

// Overwrites says that tables can be overwritten.
func (Connector) Overwrites() {}

// Name is 'filesystem'.
func (Connector) Name() string { return "filesystem" }

// Options lists the options; the names are Flink's where it has them.
func (Connector) Options() []catalog.Option {
	return append([]catalog.Option{
		{Key: "path", Description: "file, glob or directory", Required: true},
		{Key: "format", Description: "parquet, arrow, csv or json; by default from the file name"},
		{Key: "source.monitor-interval", Description: "how often to look for new files, which makes the table endless; as '1 s'"},
		{Key: "partition.default-name", Description: "name of the partition of NULL", Default: defaultPartition},
		{Key: "sink.partition-writers.max", Description: "files that a subtask writes at a time", Default: strconv.Itoa(writersMax)},
		{Key: "csv.field-delimiter", Description: "one character", Default: ","},
		{Key: "csv.quote-character", Description: "one character", Default: `"`},
		{Key: "csv.escape-character", Description: "one character; by default there is none"},
		{Key: "csv.disable-quote-character", Description: "quotes are as any other character; for reading", Default: "false", Values: catalog.Flag()},
		{Key: "csv.allow-comments", Description: "lines that begin with # are passed over", Default: "false", Values: catalog.Flag()},
		{Key: "csv.header", Description: "whether the first line names the columns; sniffed by default", Values: catalog.Flag()},
		{Key: "csv.null-literal", Description: "text of a null", Default: ""},
		{Key: "csv.ignore-parse-errors", Description: "leave bad rows out and count them", Default: "false", Values: catalog.Flag()},
		{Key: "json.ignore-parse-errors", Description: "leave bad rows out and count them", Default: "false", Values: catalog.Flag()},
		{Key: "json.fail-on-missing-field", Description: "a missing field is an error, not null", Default: "false", Values: catalog.Flag()},
		{Key: "json.timestamp-format.standard", Description: "SQL or ISO-8601", Default: "SQL", Values: []string{"SQL", "ISO-8601"}},
		{Key: "json.encode.ignore-null-fields", Description: "fields that are null are not written", Default: "false", Values: catalog.Flag()},
		{Key: "arrow.compression", Description: "UNCOMPRESSED, LZ4 or ZSTD", Default: "UNCOMPRESSED"},
		{Key: "arrow.strings", Description: "how strings are written: UTF8 or VIEW", Default: "UTF8"},
		{Key: "parquet.compression", Description: "SNAPPY, ZSTD, GZIP or UNCOMPRESSED", Default: "SNAPPY"},
	}, append(ignoredOptions(), deadletter.Known()...)...)
}

// ignoredOptions are those of Flink's tables that change nothing.
func ignoredOptions() []catalog.Option {
	const rolls, commits = "a subtask writes a file with each checkpoint, and nothing merges them", "partitions are visible with the checkpoint of their files, and nothing tells of them"
	return append([]catalog.Option{
		{Key: "sink.rolling-policy.*", Ignored: rolls},
		{Key: "auto-compaction", Ignored: rolls},
		{Key: "compaction.file-size", Ignored: rolls},
		{Key: "sink.partition-commit.*", Ignored: commits},
		{Key: "partition.time-extractor.*", Ignored: commits},
		{Key: "sink.shuffle-by-partition.enable", Ignored: "rows are written by the subtasks that have them"},
		{Key: "source.report-statistics", Ignored: "what files tell of themselves is always used"},
		{Key: "parquet.utc-timezone", Ignored: "TIMESTAMP has no zone and TIMESTAMP_LTZ is in UTC"},
		{Key: "parquet.timestamp.time.unit", Ignored: "the precision of a column decides it"},
		{Key: "parquet.write.int64.timestamp", Ignored: "times are always 64-bit integers"},
	}, catalog.IgnoredFormatOptions("")...)
}

// table is what the options of a table say.
type table struct {
	name    string
	path    string
	format  string
	files   []vfs.Info // of a table to be read
	layout  *layout    // nil if it has no partitions
	bad     deadletter.Options
	monitor time.Duration // how often to look for new files; 0 is never
	csv     csv.Options
	sniff   bool // the CSV dialect is to be sniffed
	json    json.Options
	arrow   arrow.WriterOptions
	parquet parquet.WriterOptions
}

// WritesAlone reports whether the table is one file.
func (Connector) WritesAlone(spec *catalog.TableSpec) bool { return isFile(spec.Options["path"]) }

// newTable reads the options; files are listed if the table is to be read.
func newTable(spec *catalog.TableSpec, read bool) (*table, error) {
	name, o := spec.Name, spec.Options
	t := &table{name: name, path: o["path"], format: strings.ToLower(o["format"])}
	if t.path == "" {
		return nil, fmt.Errorf("table %s: the option 'path' is missing", name)
	}
	var err error
	if t.path, err = vfs.Local(t.path); err != nil {
		return nil, fmt.Errorf("table %s: %w", name, err)
	}
	if t.layout, err = newLayout(spec); err != nil {
		return nil, err
	}
	if err := t.watch(o); err != nil {
		return nil, err
	}
	probe := t.path
	if read {
		// A directory that is empty is a table without rows, as which columns it has need not be asked.
		mayBeEmpty := t.monitor > 0 || t.format != "" && vfs.IsDir(t.path)
		if t.files, err = vfs.List(t.path); err != nil && !(mayBeEmpty && errors.Is(err, vfs.ErrNoFiles)) {
			return nil, fmt.Errorf("table %s: %w", name, err)
		}
		if len(t.files) > 0 {
			probe = t.files[0].Path
		}
	}
	if t.format == "" {
		t.format = formatOf(probe)
	}
	switch t.format {
	case "parquet", "arrow", "csv", "json":
	case "":
		return nil, fmt.Errorf("table %s: no format is known for %s; set 'format' to parquet, arrow, csv or json", name, probe)
	default:
		return nil, fmt.Errorf("table %s: unknown format '%s' (known: parquet, arrow, csv, json)", name, t.format)
	}
	return t, t.formatOptions(o)
}

func (t *table) formatOptions(o map[string]string) error {
	var err error
	if t.csv, err = csv.ParseOptions(func(key string) string { return o[key] }); err != nil {
		return fmt.Errorf("table %s: %w", t.name, err)
	}
	t.sniff = o["csv.header"] == "" && o["csv.field-delimiter"] == ""
	if err := t.badRows(o); err != nil {
		return fmt.Errorf("table %s: %w", t.name, err)
	}
	t.json.OmitNulls = o["json.encode.ignore-null-fields"] == "true"
	t.json.FailOnMissing = o["json.fail-on-missing-field"] == "true"
	if strings.EqualFold(o["json.timestamp-format.standard"], "ISO-8601") {
		t.json.Timestamps = json.ISO8601
	}
	if err := t.arrowOptions(o); err != nil {
		return err
	}
	switch c := strings.ToUpper(o["parquet.compression"]); c {
	case "", "SNAPPY":
	case "ZSTD":
		t.parquet.Codec = parquet.Zstd
	case "GZIP":
		t.parquet.Codec = parquet.Gzip
	case "UNCOMPRESSED", "NONE":
		t.parquet.Codec = parquet.Uncompressed
	default:
		return fmt.Errorf("table %s: unknown parquet.compression '%s' (known: SNAPPY, ZSTD, GZIP, UNCOMPRESSED)", t.name, c)
	}
	return nil
}

// badRows reads what becomes of rows that cannot be read.
func (t *table) badRows(o map[string]string) (err error) {
	if t.bad, err = deadletter.Parse(o, t.format+".ignore-parse-errors"); err != nil {
		return err
	}
	if t.bad.Policy == deadletter.Fail {
		return nil
	}
	if t.format != "csv" && t.format != "json" {
		return fmt.Errorf("a file of %s has no bad rows; leave 'on-error' out", t.format)
	}
	t.csv.OnError, t.json.OnError = csv.Skip, json.Skip
	if t.bad.Policy == deadletter.Keep && deadletter.Within(t.bad.Dir, t.path) {
		return fmt.Errorf("bad rows in %s would be read as rows of %s; name a directory outside of it, or one whose name begins with _", t.bad.Dir, t.path)
	}
	return nil
}

// formatOf tells the format from a file name; "" if it does not say.
func formatOf(path string) string {
	base := strings.ToLower(filepath.Base(path))
	for _, c := range []string{".gz", ".zst", ".zstd"} {
		base = strings.TrimSuffix(base, c)
	}
	switch filepath.Ext(base) {
	case ".parquet", ".pq":
		return "parquet"
	case ".arrow", ".arrows", ".feather":
		return "arrow"
	case ".csv", ".tsv", ".tbl", ".txt":
		return "csv"
	case ".json", ".jsonl", ".ndjson":
		return "json"
	}
	return ""
}

// Source lists the files of the table.
func (c Connector) Source(spec *catalog.TableSpec) (dataflow.Source, error) {
	if err := catalog.CheckOptions(c, spec.Options); err != nil {
		return nil, fmt.Errorf("table %s: %w", spec.Name, err)
	}
	t, err := newTable(spec, true)
	if err != nil {
		return nil, err
	}
	s := &source{table: t, schema: spec.Schema, rows: spec.Schema, files: t.files}
	if t.monitor == 0 {
		s.footers = &footers{}
	}
	if t.layout == nil {
		return s, nil
	}
	s.rows = t.layout.files
	if t.monitor > 0 {
		return s, nil // files are looked at when they are discovered
	}
	return s, s.narrow()
}

// Sink makes an operator that writes files.
func (c Connector) Sink(spec *catalog.TableSpec) (dataflow.Operator, error) {
	if err := catalog.CheckOptions(c, spec.Options); err != nil {
		return nil, fmt.Errorf("table %s: %w", spec.Name, err)
	}
	t, err := newTable(spec, false)
	if err != nil {
		return nil, err
	}
	return newSink(t, spec)
}
