package file

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/vfs"
)

// The values of folders that stand for NULL: Flink's, which is written unless the table says
// otherwise, and Hive's.
const (
	defaultPartition     = "__DEFAULT_PARTITION__"
	hiveDefaultPartition = "__HIVE_DEFAULT_PARTITION__"
)

var _ catalog.Partitioner = Connector{}

// layout says how the rows of a table are spread over folders: a level of folders key=value for
// each key. The files hold the other columns.
type layout struct {
	table   string
	keys    []string
	columns []int // of the keys in the table's schema
	types   []columnar.Type
	files   *columnar.Schema // of the columns that files hold
	at      []int            // where a column of the table is among them, -1 for a key
	nulls   []string         // values that stand for NULL, the first of which is written
}

// newLayout is nil for a table without partitions.
func newLayout(spec *catalog.TableSpec) (*layout, error) {
	if len(spec.PartitionKeys) == 0 {
		return nil, nil
	}
	l := &layout{table: spec.Name, keys: spec.PartitionKeys, files: &columnar.Schema{}, nulls: []string{defaultPartition, hiveDefaultPartition}}
	if name := spec.Options["partition.default-name"]; name != "" {
		l.nulls = []string{name}
	}
	for i, k := range l.keys {
		c := spec.Schema.Index(k)
		switch {
		case c < 0 || c >= len(spec.Schema.Fields)-len(spec.Metadata):
			return nil, fmt.Errorf("table %s: partition column %s is not a physical column", spec.Name, k)
		case slices.Contains(l.keys[:i], k):
			return nil, fmt.Errorf("table %s: partition column %s is named twice", spec.Name, k)
		}
		t := spec.Schema.Fields[c].Type
		_, from := expr.NewCast(expr.Col(0, k, columnar.TypeString), t, true)
		_, to := expr.NewCast(expr.Col(0, k, t), columnar.TypeString, false)
		if from != nil || to != nil || t.IsBinary() || t.IsInterval() {
			return nil, fmt.Errorf("table %s: partition column %s is %s, which no name of a folder holds", spec.Name, k, t.Nullable())
		}
		l.columns, l.types = append(l.columns, c), append(l.types, t)
	}
	for i, f := range spec.Schema.Fields {
		if slices.Contains(l.columns, i) {
			l.at = append(l.at, -1)
			continue
		}
		l.at = append(l.at, len(l.files.Fields))
		l.files.Fields = append(l.files.Fields, f)
	}
	if len(l.files.Fields) == 0 {
		return nil, fmt.Errorf("table %s: all columns are partition columns, which leaves none for the files", spec.Name)
	}
	return l, nil
}

// CheckPartitions verifies that the folders of a table can hold its partition columns.
func (Connector) CheckPartitions(spec *catalog.TableSpec) error {
	if path := spec.Options["path"]; isFile(path) && !strings.ContainsAny(path, "*?[") {
		return fmt.Errorf("table %s: %s names a file, which has no partitions; name a directory", spec.Name, path)
	}
	_, err := newLayout(spec)
	return err
}

// Partitions lists the partitions that have files.
func (Connector) Partitions(spec *catalog.TableSpec) ([]string, error) {
	t, err := newTable(spec, true)
	if err != nil {
		return nil, err
	}
	p, err := t.layout.partition(t.files)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(p.distinct))
	for i, values := range p.distinct {
		names[i] = filepath.ToSlash(t.layout.path(values))
	}
	slices.Sort(names)
	return names, nil
}

// InferPartitions are the keys that all files have in the names of the folders above them, in one
// order.
func (c Connector) InferPartitions(_ context.Context, options map[string]string) ([]string, error) {
	t, err := newTable(inferred(options), true)
	if err != nil {
		return nil, err
	}
	own, err := t.inferFiles()
	if err != nil {
		return nil, err
	}
	keys, _ := t.inferPartitions(own)
	return keys, nil
}

// partitioned are files by their partitions.
type partitioned struct {
	distinct [][]*string // values, nil for NULL, of each partition with files
	of       []int       // each file's partition
}

// partition finds the partitions of files.
func (l *layout) partition(files []vfs.Info) (*partitioned, error) {
	p := &partitioned{of: make([]int, len(files))}
	byFolder, byValues := map[string]int{}, map[string]int{}
	for i, f := range files {
		dir := filepath.Dir(f.Path)
		at, known := byFolder[dir]
		if !known {
			values, err := l.valuesOf(f.Path)
			if err != nil {
				return nil, err
			}
			name := l.path(values)
			if at, known = byValues[name]; !known {
				at = len(p.distinct)
				byValues[name] = at
				p.distinct = append(p.distinct, values)
			}
			byFolder[dir] = at
		}
		p.of[i] = at
	}
	return p, nil
}

// valuesOf are the values of a file's partition columns.
func (l *layout) valuesOf(path string) ([]*string, error) {
	values := make([]*string, len(l.keys))
	folders := foldersOf(path)
	slices.Reverse(folders)
	for i, k := range l.keys {
		at := slices.IndexFunc(folders, func(f folder) bool { return f.key == k })
		if at < 0 {
			return nil, fmt.Errorf("table %s: %s lies in no partition: no folder %s=... is above it", l.table, path, escapeFolder(k))
		}
		if v := folders[at].value; !slices.Contains(l.nulls, v) {
			values[i] = &v
		} else if l.types[i].NotNull {
			return nil, fmt.Errorf("table %s: column %s is NOT NULL, but a partition of %s is %s", l.table, k, path, v)
		}
	}
	return values, nil
}

// path are the folders of a partition.
func (l *layout) path(values []*string) string {
	names := make([]string, len(values))
	for i, v := range values {
		value := l.nulls[0]
		if v != nil {
			value = *v
		}
		names[i] = escapeFolder(l.keys[i]) + "=" + escapeFolder(value)
		if names[i][0] == '.' {
			names[i] = "%2E" + names[i][1:] // it would be hidden
		}
	}
	return filepath.Join(names...)
}

// batch gives the values of partitions as rows of the keys' columns; the caller must call free.
func (l *layout) batch(partitions [][]*string, env *expr.Env) (b *columnar.Batch, free func(), err error) {
	texts := &columnar.Schema{}
	typed := &columnar.Schema{}
	for i, k := range l.keys {
		texts.Fields = append(texts.Fields, columnar.Field{Name: k, Type: columnar.TypeString})
		typed.Fields = append(typed.Fields, columnar.Field{Name: k, Type: l.types[i].Nullable()})
	}
	in := columnar.NewBatch(texts)
	in.Reset(len(partitions))
	for row, values := range partitions {
		for i, v := range values {
			if v == nil {
				in.Cols[i].SetNull(row)
			} else {
				in.Cols[i].SetString(row, *v)
			}
		}
	}
	var programs []*expr.Program
	free = func() {
		for _, p := range programs {
			p.Close()
		}
		in.Release()
	}
	b = &columnar.Batch{Schema: typed}
	b.SetLen(len(partitions))
	for i, t := range l.types {
		var v *columnar.Vector
		cast, err := expr.NewCast(expr.Col(i, l.keys[i], columnar.TypeString), t, true)
		if err == nil {
			var p *expr.Program
			if p, err = expr.Compile(cast, env); err == nil {
				programs = append(programs, p)
				v, err = p.Eval(in)
			}
		}
		for row := 0; row < len(partitions) && err == nil; row++ {
			if text := partitions[row][i]; text != nil && v.IsNull(row) {
				err = fmt.Errorf("the value '%s' of partition %s is not %s", *text, l.path(partitions[row]), t.Nullable())
			}
		}
		if err != nil {
			free()
			return nil, nil, fmt.Errorf("table %s: column %s: %w", l.table, l.keys[i], err)
		}
		b.Cols = append(b.Cols, v)
	}
	return b, free, nil
}
