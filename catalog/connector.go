package catalog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
)

// TableSpec is a table as its connector sees it.
type TableSpec struct {
	Name      string `json:"name"`
	Connector string `json:"connector"`
	// Schema has the physical columns, then those of Metadata.
	Schema *columnar.Schema `json:"schema"`
	// Metadata are the keys of metadata columns, which come last.
	Metadata []string          `json:"metadata,omitempty"`
	Options  map[string]string `json:"options,omitempty"`
	// PrimaryKey are the columns that PRIMARY KEY names.
	PrimaryKey []string `json:"primaryKey,omitempty"`
	// PartitionKeys are the columns that PARTITIONED BY names.
	PartitionKeys []string `json:"partitionKeys,omitempty"`
	// Overwrite says that what is written takes the place of what the table has, or of what those of its
	// partitions have that rows are written to.
	Overwrite bool `json:"overwrite,omitempty"`
	// Static are the values, as texts, of all PartitionKeys where a statement gives them; nil is NULL. That partition
	// is overwritten also if no row is written.
	Static []*string `json:"static,omitempty"`
}

// Option describes an option of a connector.
type Option struct {
	Key         string
	Description string
	Required    bool
	Default     string
	Values      []string // those it may have; nil is any
	// Ignored says why the option changes nothing; tables of Flink have it all the same.
	Ignored string
}

// names reports whether key is one of the option.
func (o Option) names(key string) bool {
	prefix, all := strings.CutSuffix(o.Key, "*")
	return o.Key == key || all && strings.HasPrefix(key, prefix)
}

// Flag are the values of an option that is on or off.
func Flag() []string { return []string{"true", "false"} }

// Connector is a kind of table, named by the option 'connector'.
type Connector interface {
	Name() string
	// Options lists the known options; a key that ends in ".*" stands for all with that prefix.
	Options() []Option
}

// SourceConnector is a Connector that can be read from.
type SourceConnector interface {
	Connector
	Source(spec *TableSpec) (dataflow.Source, error)
}

// MetadataConnector is a SourceConnector whose rows have more to tell than their columns.
type MetadataConnector interface {
	SourceConnector
	// MetadataColumns are named by their keys.
	MetadataColumns() []columnar.Field
}

// UpsertSource is a SourceConnector some of whose tables are read as changes by primary key: each row is
// the newest of its key, and of a row that is taken back the columns of the key alone count.
type UpsertSource interface {
	SourceConnector
	ReadsUpserts(spec *TableSpec) bool
}

// SinkConnector is a Connector that can be written to. The operator it makes takes rows of the
// spec's schema and emits nothing.
type SinkConnector interface {
	Connector
	Sink(spec *TableSpec) (dataflow.Operator, error)
}

// SingleWriter is a SinkConnector some of whose tables one subtask alone can write.
type SingleWriter interface {
	WritesAlone(spec *TableSpec) bool
}

// ChangelogSink is a SinkConnector some of whose tables take rows back as well as new ones.
type ChangelogSink interface {
	TakesChangelog(spec *TableSpec) bool
}

// KeyedSink is a ChangelogSink some of whose tables keep the newest row of each primary key.
type KeyedSink interface {
	ChangelogSink
	KeepsNewest(spec *TableSpec) bool
}

// MetadataSink is a SinkConnector whose rows may be given more than their columns.
type MetadataSink interface {
	SinkConnector
	// WritableMetadata are the metadata columns that are written, named by their keys. The rows of a
	// sink have those that the table declares behind its columns.
	WritableMetadata() []columnar.Field
}

// OverwritingConnector is a SinkConnector that minds Overwrite.
type OverwritingConnector interface {
	SinkConnector
	Overwrites()
}

// CommitterConnector is a SinkConnector whose output becomes visible in two steps.
type CommitterConnector interface {
	Committer(spec *TableSpec) (dataflow.Committer, error)
}

// Dropper is a Connector that keeps the rows of its tables itself and gives them up when a table
// is dropped.
type Dropper interface {
	Drop(table string)
}

// Inferrer is a Connector that can tell the columns of a table from its options, so that a
// table needs no column list.
type Inferrer interface {
	Infer(ctx context.Context, options map[string]string) (*columnar.Schema, error)
}

// Bounder is a Connector some of whose tables have no end as streams but one when they are read as a
// batch.
type Bounder interface {
	// Bound are the options of a table without those that make it endless.
	Bound(options map[string]string) map[string]string
}

// Partitioner is a Connector whose tables may be PARTITIONED BY columns.
type Partitioner interface {
	// CheckPartitions verifies the partition keys of a table that is declared.
	CheckPartitions(spec *TableSpec) error
	// InferPartitions tells the keys of a table whose columns are inferred; nil if there are none.
	InferPartitions(ctx context.Context, options map[string]string) ([]string, error)
	// Partitions lists the partitions there are, each as key=value/key=value.
	Partitions(spec *TableSpec) ([]string, error)
}

// Registry is a set of connectors by name. It does not change once made.
type Registry struct{ byName map[string]Connector }

// NewRegistry makes a registry of connectors.
func NewRegistry(connectors ...Connector) *Registry {
	r := &Registry{byName: map[string]Connector{}}
	for _, c := range connectors {
		r.byName[c.Name()] = c
	}
	return r
}

// Lookup finds a connector; the error names the known ones.
func (r *Registry) Lookup(name string) (Connector, error) {
	if c, ok := r.byName[name]; ok {
		return c, nil
	}
	var names []string
	for n := range r.byName {
		names = append(names, n)
	}
	slices.Sort(names)
	hint := ""
	if near := expr.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("; did you mean '%s'?", near)
	}
	return nil, fmt.Errorf("unknown connector '%s'%s (known: %s)", name, hint, strings.Join(names, ", "))
}

// Source opens the table's source.
func (r *Registry) Source(spec *TableSpec) (dataflow.Source, error) {
	c, err := r.Lookup(spec.Connector)
	if err != nil {
		return nil, err
	}
	s, ok := c.(SourceConnector)
	if !ok {
		return nil, fmt.Errorf("table %s: connector '%s' can only be written to", spec.Name, spec.Connector)
	}
	return s.Source(spec)
}

// Sink opens the table's sink.
func (r *Registry) Sink(spec *TableSpec) (dataflow.Operator, error) {
	c, err := r.Lookup(spec.Connector)
	if err != nil {
		return nil, err
	}
	s, ok := c.(SinkConnector)
	if !ok {
		return nil, fmt.Errorf("table %s: connector '%s' can only be read from", spec.Name, spec.Connector)
	}
	return s.Sink(spec)
}

// Committer makes the table's committer; nil if its output is visible at once.
func (r *Registry) Committer(spec *TableSpec) (dataflow.Committer, error) {
	c, err := r.Lookup(spec.Connector)
	if err != nil {
		return nil, err
	}
	if s, ok := c.(CommitterConnector); ok {
		return s.Committer(spec)
	}
	return nil, nil
}

// CheckOptions verifies that the options of a table are known and complete.
func CheckOptions(c Connector, options map[string]string) error {
	known := append(optionsOf(c), Option{Key: "connector"})
	var keys []string // to be suggested
	for _, o := range known {
		if !strings.HasSuffix(o.Key, "*") {
			keys = append(keys, o.Key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(options)) {
		if slices.ContainsFunc(known, func(o Option) bool { return o.names(key) }) {
			continue
		}
		hint := ""
		if near := expr.Nearest(key, keys); near != "" {
			hint = fmt.Sprintf("; did you mean '%s'?", near)
		}
		return fmt.Errorf("connector '%s' has no option '%s'%s", c.Name(), key, hint)
	}
	for _, o := range c.Options() {
		if v := options[o.Key]; v != "" && o.Values != nil && !slices.Contains(o.Values, v) {
			return fmt.Errorf("option '%s' is '%s', not one of %s", o.Key, v, strings.Join(o.Values, ", "))
		}
	}
	for _, o := range c.Options() { // last, as one that is missing may have been misspelt
		if o.Required && options[o.Key] == "" {
			return fmt.Errorf("connector '%s' needs the option '%s' (%s)", c.Name(), o.Key, o.Description)
		}
	}
	return nil
}
