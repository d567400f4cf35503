package file

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/format/csv"
	"github.com/anabranch/anabranch/format/json"
	"github.com/anabranch/anabranch/vfs"
)

// inferred is a table of which only the options are known.
func inferred(options map[string]string) *catalog.TableSpec {
	return &catalog.TableSpec{Name: options["path"], Schema: &columnar.Schema{}, Options: options}
}

// Infer tells the columns from the first file, and those of partitions from the names of folders.
func (c Connector) Infer(_ context.Context, options map[string]string) (*columnar.Schema, error) {
	t, err := newTable(inferred(options), true)
	if err != nil {
		return nil, err
	}
	own, err := t.inferFiles()
	if err != nil {
		return nil, err
	}
	if name := catalog.Twice(own.Names()); name != "" {
		return nil, fmt.Errorf("%s: two columns are named %s; declare a table without them to read the others", t.files[0].Path, name)
	}
	s := &columnar.Schema{Fields: slices.Clone(own.Fields)}
	keys, types := t.inferPartitions(own)
	for i, k := range keys {
		f := columnar.Field{Name: k, Type: types[i]}
		if at := s.Index(k); at >= 0 {
			s.Fields[at] = f
		} else {
			s.Fields = append(s.Fields, f)
		}
	}
	return s, nil
}

// inferFiles tells the columns of the first file.
func (t *table) inferFiles() (*columnar.Schema, error) {
	if len(t.files) == 0 {
		return nil, fmt.Errorf("%w %s, which would tell the columns", vfs.ErrNoFiles, t.path)
	}
	path := t.files[0].Path
	switch t.format {
	case "parquet":
		f, err := openParquet(path)
		if err != nil {
			return nil, err
		}
		return f.Schema(), f.Close()
	case "arrow":
		f, h, err := openArrow(path)
		if err != nil {
			return nil, err
		}
		return f.Schema(), h.Close()
	}
	sample, err := readSample(path)
	if err != nil {
		return nil, err
	}
	schema := json.Sniff
	if t.format == "csv" {
		schema = func(sample []byte) *columnar.Schema { _, s := csv.Sniff(sample); return s }
	}
	s := schema(sample)
	if len(s.Fields) == 0 {
		return nil, fmt.Errorf("%s: no columns were found; is it a %s file?", path, t.format)
	}
	return s, nil
}

// inferPartitions are the keys, in one order, of the folders above every file, with the types that
// all their values have. A column of CSV files stays theirs, because those are read by position.
func (t *table) inferPartitions(own *columnar.Schema) (keys []string, types []columnar.Type) {
	var values [][]string
	for i, f := range t.files {
		folders := foldersOf(f.Path)
		if i > 0 && !slices.EqualFunc(folders, keys, func(f folder, k string) bool { return f.key == k }) {
			return nil, nil
		}
		for at, f := range folders {
			if i == 0 {
				keys, values = append(keys, f.key), append(values, nil)
			}
			if v := f.value; v != defaultPartition && v != hiveDefaultPartition {
				values[at] = append(values[at], v)
			}
		}
	}
	var distinct []string
	for i, k := range keys {
		inFiles := own.Index(k) >= 0
		if slices.Contains(keys[i+1:], k) || inFiles && (t.format == "csv" || len(own.Fields) == 1) {
			continue // the innermost of two counts
		}
		distinct, types = append(distinct, k), append(types, typeOf(values[i]))
	}
	return distinct, types
}

// typeOf is BIGINT, DATE or TIMESTAMP if all values are of it, else STRING.
func typeOf(values []string) columnar.Type {
	if len(values) == 0 {
		return columnar.TypeString
	}
	all := func(is func(string) error) bool {
		return !slices.ContainsFunc(values, func(v string) bool { return is(v) != nil })
	}
	switch {
	case all(func(v string) error { _, err := strconv.ParseInt(v, 10, 64); return err }):
		return columnar.TypeBigInt
	case all(func(v string) error { _, err := columnar.ParseDate(v); return err }):
		return columnar.TypeDate
	case all(func(v string) error { _, err := columnar.ParseTimestamp(v, 6, time.UTC); return err }):
		return columnar.TimestampOf(6)
	}
	return columnar.TypeString
}
