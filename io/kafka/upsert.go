package kafka

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// Upsert is the connector 'upsert-kafka': of the records of a key, the newest is the key's row, or
// without a value says that there is none.
type Upsert struct{}

var (
	_ catalog.SinkConnector      = Upsert{}
	_ catalog.UpsertSource       = Upsert{}
	_ catalog.MetadataConnector  = Upsert{}
	_ catalog.KeyedSink          = Upsert{}
	_ catalog.CommitterConnector = Upsert{}
)

// Name is 'upsert-kafka'.
func (Upsert) Name() string { return "upsert-kafka" }

// Options lists the options; the names are Flink's.
func (Upsert) Options() []catalog.Option {
	return append([]catalog.Option{
		{Key: "topic", Description: "topics to read, separated by ';', or the one to write", Required: true},
		{Key: "properties.*", Description: "properties of the Java client, such as properties.bootstrap.servers"},
		{Key: "key.format", Description: "json, csv or raw: how keys of records are written", Required: true},
		{Key: "key.fields-prefix", Description: "what the names of the key's columns begin with in the table only"},
		{Key: "value.format", Description: "json, csv or raw: how values are written", Required: true},
		{Key: "value.fields-include", Description: "ALL, or EXCEPT_KEY: whether the value holds the key's columns too", Default: "ALL"},
		{Key: "sink.partitioner", Description: "default: by key", Default: "default"},
		{Key: "sink.buffer-flush.*", Ignored: "a row that changes within a batch is one record"},
	}, append(endOptions(), sharedOptions()...)...)
}

// MetadataColumns are what a record has beside key and value.
func (Upsert) MetadataColumns() []columnar.Field { return Connector{}.MetadataColumns() }

// Source reads a topic from its beginning.
func (c Upsert) Source(spec *catalog.TableSpec) (dataflow.Source, error) {
	t, err := newTable(c, spec)
	if err == nil {
		err = t.readOptions(spec.Options)
	}
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", spec.Name, err)
	}
	return newSource(t), nil
}

// ReadsUpserts is true: each record is the newest of its key.
func (Upsert) ReadsUpserts(*catalog.TableSpec) bool { return true }

// TakesChangelog is true: a row taken back is a record without a value.
func (Upsert) TakesChangelog(*catalog.TableSpec) bool { return true }

// KeepsNewest is true: the primary key is the key of records.
func (Upsert) KeepsNewest(*catalog.TableSpec) bool { return true }

// Sink makes the operator that writes a topic.
func (c Upsert) Sink(spec *catalog.TableSpec) (dataflow.Operator, error) { return newSink(c, spec) }

// Committer makes the committer of a table, nil unless it is written exactly once.
func (c Upsert) Committer(spec *catalog.TableSpec) (dataflow.Committer, error) {
	return newCommitter(c, spec)
}

// upserts verifies the options of a table that holds one row a key.
func (t *table) upserts(o map[string]string) error {
	if len(t.spec.PrimaryKey) == 0 {
		return errors.New("connector 'upsert-kafka' needs PRIMARY KEY (...) NOT ENFORCED, the key of records")
	}
	if p := o["sink.partitioner"]; p != "" && p != "default" {
		return fmt.Errorf("option 'sink.partitioner' is '%s', which would spread the records of a key over partitions; connector 'upsert-kafka' takes default only", p)
	}
	if t.value.format == "raw" && len(t.valueColumns()) == 1 && !t.physical()[t.valueColumns()[0]].Type.NotNull {
		return errors.New("the format 'raw' of values needs a column that is NOT NULL: a record without a value is a deletion")
	}
	return nil
}

// newest keeps the last record of each key of b, without its value where the row is taken back. Operators
// take the old row back before they add the new one, so what is left is the net change.
func newest(b *columnar.Batch, records []kgo.Record) ([]kgo.Record, error) {
	for k := range records {
		if records[k].Key == nil {
			return nil, errors.New("the primary key is NULL, which the format 'raw' has no text for; leave such rows out")
		}
	}
	if b.Kinds == nil {
		return records, nil
	}
	last := make(map[string]int, len(records))
	for k := range records {
		if b.Kind(b.Row(k)).Retracts() {
			records[k].Value = nil
		}
		last[string(records[k].Key)] = k
	}
	kept := records[:0]
	for k := range records {
		if last[string(records[k].Key)] == k {
			kept = append(kept, records[k])
		}
	}
	return kept, nil
}
