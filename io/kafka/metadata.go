package kafka

import (
	"bytes"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
)

var (
	_ catalog.MetadataSink = Connector{}
	_ catalog.MetadataSink = Upsert{}
)

// WritableMetadata are what a record may be given beside key and value.
func (Connector) WritableMetadata() []columnar.Field {
	var fields []columnar.Field
	for _, f := range (Connector{}).MetadataColumns() {
		if f.Name == "headers" || f.Name == "timestamp" {
			fields = append(fields, columnar.Field{Name: f.Name, Type: f.Type.Nullable()})
		}
	}
	return fields
}

// WritableMetadata are those of the connector 'kafka'.
func (Upsert) WritableMetadata() []columnar.Field { return Connector{}.WritableMetadata() }

// setMetadata writes the metadata columns of the live rows, which come behind the others, into their
// records. A NULL leaves the time to the client and writes no headers.
func setMetadata(t *table, b *columnar.Batch, records []kgo.Record) {
	for m, key := range t.spec.Metadata {
		v := b.Cols[len(t.physical())+m]
		for k := range records {
			i := b.Row(k)
			if v.IsNull(i) {
				continue
			}
			switch at := v.Index(i); key {
			case "timestamp":
				records[k].Timestamp = time.UnixMilli(millis(v, at))
			case "headers":
				records[k].Headers = headers(v, at)
			}
		}
	}
}

// millis is a time of a vector's values.
func millis(v *columnar.Vector, at int) int64 {
	if v.Enc == columnar.Dictionary {
		v = v.Dict
	}
	return columnar.Values[int64](v)[at]
}

// headers are those of a MAP, with bytes of their own.
func headers(v *columnar.Vector, at int) []kgo.RecordHeader {
	if v.Enc == columnar.Dictionary {
		v = v.Dict
	}
	keys, values := v.Children[0], v.Children[1]
	var list []kgo.RecordHeader
	for k := int(v.Offsets()[at]); k < int(v.Offsets()[at+1]); k++ {
		h := kgo.RecordHeader{Key: string(keys.Bytes(k))}
		if !values.IsNull(k) {
			h.Value = bytes.Clone(values.Bytes(k))
		}
		list = append(list, h)
	}
	return list
}
