package file

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
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

func empty(t *testing.T, dir string) bool {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(all) == 0
}
