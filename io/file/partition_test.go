package file

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
)

// FuzzFolders verifies that a key and a value come back from the folder they name, which is one folder
// and not hidden, and that any path can be looked at.
func FuzzFolders(f *testing.F) {
	for _, s := range []string{"", "a", "a/b", "%", "%4", "%zz", "k=v", ".x", "..", "ü", "\x00\xff", "a%2Fb"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, key, value string) {
		foldersOf(key + "/" + value)
		if key == "" {
			return
		}
		l := &layout{keys: []string{key}, types: []columnar.Type{columnar.TypeString}, nulls: []string{"none"}}
		dir := l.path([]*string{&value})
		if strings.ContainsAny(dir, "/\\") || dir[0] == '.' {
			t.Fatalf("folder %q", dir)
		}
		got, err := l.valuesOf(filepath.Join("t", dir, "file"))
		if err != nil || value != "none" && (got[0] == nil || *got[0] != value) {
			t.Fatalf("%q=%q in %q: %v", key, value, dir, err)
		}
	})
}

// TestWritersTakeTurns verifies that no more files than allowed are written at a time, that the one
// without rows for longest makes room, and that what was finished early belongs to its epoch.
func TestWritersTakeTurns(t *testing.T) {
	before := mem.AllocatedBytes()
	dir := filepath.Join(t.TempDir(), "t")
	schema := columnar.NewSchema(columnar.Field{Name: "k", Type: columnar.TypeInteger}, columnar.Field{Name: "n", Type: columnar.TypeBigInt})
	spec := &catalog.TableSpec{
		Name: "t", Schema: schema, PartitionKeys: []string{"k"},
		Options: map[string]string{"path": dir, "format": "json", "sink.partition-writers.max": "2"},
	}
	op, err := Connector{}.Sink(spec)
	if err != nil {
		t.Fatal(err)
	}
	s := op.(*sink)
	if err := s.Open(&dataflow.Context{Parallelism: 1, Checkpoints: true, Owner: "me"}); err != nil {
		t.Fatal(err)
	}
	write := func(keys ...int32) {
		b := columnar.NewBatch(schema)
		defer b.Release()
		b.Reset(len(keys))
		copy(columnar.Values[int32](b.Cols[0]), keys)
		copy(columnar.Values[int64](b.Cols[1]), make([]int64, len(keys)))
		if _, err := s.Process(0, b, nil); err != nil {
			t.Fatal(err)
		}
		if n := len(s.partitions.writing); n > 2 {
			t.Errorf("%d files are being written", n)
		}
	}
	write(1, 2, 1)
	write(1)
	write(3) // takes the place of 2
	write(1, 3)
	write(2) // takes that of 1 or 3
	prepared, err := s.Prepare(1, false)
	if err != nil || len(prepared) != 4 {
		t.Fatalf("%d prepared: %v", len(prepared), err)
	}
	c, err := Connector{}.Committer(spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range prepared {
		if err := c.Commit(t.Context(), p.Data); err != nil {
			t.Fatal(err)
		}
	}
	write(4, 5, 6) // is never prepared
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := Connector{}.Partitions(spec)
	if want := []string{"k=1", "k=2", "k=3"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("partitions %v, want %v: %v", names, want, err)
	}
	all, err := filepath.Glob(filepath.Join(dir, "*", ".*"))
	if err != nil || len(all) != 0 {
		t.Errorf("left behind: %v, %v", all, err)
	}
	if left := mem.AllocatedBytes() - before; left != 0 {
		t.Errorf("%d bytes are still allocated", left)
	}
}

// TestRecoverPartitions verifies that files in folders that no checkpoint knows are removed.
func TestRecoverPartitions(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "t")
	schema := columnar.NewSchema(columnar.Field{Name: "k", Type: columnar.TypeString}, columnar.Field{Name: "n", Type: columnar.TypeBigInt})
	spec := &catalog.TableSpec{Name: "t", Schema: schema, PartitionKeys: []string{"k"}, Options: map[string]string{"path": dir, "format": "csv"}}
	var known [][]byte
	for i := range 2 {
		op, err := Connector{}.Sink(spec)
		if err != nil {
			t.Fatal(err)
		}
		s := op.(*sink)
		if err := s.Open(&dataflow.Context{Parallelism: 1, Checkpoints: true, Owner: "me"}); err != nil {
			t.Fatal(err)
		}
		b := columnar.NewBatch(schema)
		b.Reset(1)
		b.Cols[0].SetString(0, fmt.Sprint("x", i))
		columnar.Values[int64](b.Cols[1])[0] = 7
		if _, err := s.Process(0, b, nil); err != nil {
			t.Fatal(err)
		}
		b.Release()
		prepared, err := s.Prepare(1, false)
		if err != nil || len(prepared) != 1 {
			t.Fatalf("%d prepared: %v", len(prepared), err)
		}
		if i == 0 {
			known = append(known, prepared[0].Data)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Connector{}.Committer(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Recover(t.Context(), "me", known); err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob(filepath.Join(dir, "*", ".*"))
	if err != nil || len(all) != 1 || !strings.Contains(all[0], "k=x0") {
		t.Errorf("left: %v, %v", all, err)
	}
}

func TestTypesOfFolders(t *testing.T) {
	for want, values := range map[string][]string{
		"BIGINT":       {"1", "-7", "007"},
		"DATE":         {"2024-01-01", "1999-12-31"},
		"TIMESTAMP(6)": {"2024-01-01 10:00:00", "2024-01-01"},
		"STRING":       {"1", "x"},
	} {
		if got := typeOf(values).String(); got != want {
			t.Errorf("%v: %s, want %s", values, got, want)
		}
	}
	if got := typeOf(nil).String(); got != "STRING" {
		t.Errorf("no values: %s", got)
	}
	if got := typeOf([]string{"99999999999999999999"}).String(); got != "STRING" {
		t.Errorf("a large number: %s", got)
	}
}
