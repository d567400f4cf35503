package file

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
)

// TestFailureLeavesNothing ends a job before its rows are committed, while they are written and when they are
// prepared: of files and folders that were not there before, nothing is left.
func TestFailureLeavesNothing(t *testing.T) {
	schema := columnar.NewSchema(columnar.Field{Name: "n", Type: columnar.TypeBigInt}, columnar.Field{Name: "k", Type: columnar.TypeBigInt}, columnar.Field{Name: "l", Type: columnar.TypeBigInt})
	b := columnar.NewBatch(schema)
	b.Reset(2)
	for _, c := range b.Cols {
		copy(columnar.Values[int64](c), []int64{1, 2})
	}
	defer b.Release()
	for _, c := range []struct {
		path, there string
		keys        []string
	}{
		{"a/b", "", nil},
		{"a/b", "a", nil},
		{"a/b", "a/b", nil},
		{"a/b/f.csv", "a", nil},
		{"a/b", "a/b", []string{"k"}},
		{"a/b", "", []string{"k", "l"}},
	} {
		for _, prepare := range []bool{false, true} {
			root := t.TempDir()
			if err := os.MkdirAll(filepath.Join(root, c.there), 0o755); err != nil {
				t.Fatal(err)
			}
			spec := &catalog.TableSpec{Name: "t", Schema: schema, PartitionKeys: c.keys, Options: map[string]string{"path": filepath.Join(root, c.path), "format": "csv"}}
			committer, err := Connector{}.Committer(spec)
			if err != nil {
				t.Fatal(err)
			}
			s := written(t, spec, b)
			if prepare {
				if _, err := s.Prepare(1, true); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if err := committer.Recover(t.Context(), "me", nil); err != nil {
				t.Fatal(err)
			}
			if there := filepath.Join(root, c.there); !empty(t, there) {
				t.Errorf("%+v, prepared %t: something is left in %s", c, prepare, there)
			}
		}
	}
}

// written is a sink of the table that has written b.
func written(t *testing.T, spec *catalog.TableSpec, b *columnar.Batch) *sink {
	t.Helper()
	op, err := Connector{}.Sink(spec)
	if err != nil {
		t.Fatal(err)
	}
	s := op.(*sink)
	if err := s.Open(&dataflow.Context{Parallelism: 1, Owner: "me"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Process(0, b, nil); err != nil {
		t.Fatal(err)
	}
	return s
}

func empty(t *testing.T, dir string) bool {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(all) == 0
}

// TestFullDiskLeavesNothing has the last bytes of a file fail, as on a full disk: one error, told once.
func TestFullDiskLeavesNothing(t *testing.T) {
	schema := columnar.NewSchema(columnar.Field{Name: "n", Type: columnar.TypeBigInt})
	b := columnar.NewBatch(schema)
	b.Reset(1)
	defer b.Release()
	for _, format := range []string{"csv", "json", "parquet", "arrow"} {
		before, root := mem.AllocatedBytes(), t.TempDir()
		spec := &catalog.TableSpec{Name: "t", Schema: schema, Options: map[string]string{"path": filepath.Join(root, "a/b"), "format": format}}
		s := written(t, spec, b)
		s.one.buffer.Reset(fullDisk{})
		if _, err := s.Process(0, b, nil); err != nil {
			t.Fatal(err)
		}
		_, err := s.Prepare(1, true)
		if err == nil || strings.Count(err.Error(), syscall.ENOSPC.Error()) != 1 || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v", format, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if !empty(t, root) {
			t.Errorf("%s: something is left", format)
		}
		if left := mem.AllocatedBytes() - before; left != 0 {
			t.Errorf("%s: %d bytes are still allocated", format, left)
		}
	}
}

// fullDisk takes no byte.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }
