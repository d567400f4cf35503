package file

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// TestOverwriteRemovesLast has what is to be removed come behind all files, of all subtasks, and has a commit that
// is repeated do no harm.
func TestOverwriteRemovesLast(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "deep", "old.csv")
	if err := os.MkdirAll(filepath.Dir(old), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(old, []byte("n\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	schema := columnar.NewSchema(columnar.Field{Name: "n", Type: columnar.TypeBigInt})
	spec := &catalog.TableSpec{Name: "t", Schema: schema, Overwrite: true, Options: map[string]string{"path": dir, "format": "csv"}}
	c, err := Connector{}.Committer(spec)
	if err != nil {
		t.Fatal(err)
	}
	var first, last []dataflow.Committable
	for subtask := range 2 {
		op, err := Connector{}.Sink(spec)
		if err != nil {
			t.Fatal(err)
		}
		s := op.(*sink)
		if err := s.Open(&dataflow.Context{Parallelism: 2, Subtask: subtask, Owner: "me"}); err != nil {
			t.Fatal(err)
		}
		b := columnar.NewBatch(schema)
		b.Reset(1)
		if _, err := s.Process(0, b, nil); err != nil {
			t.Fatal(err)
		}
		b.Release()
		list, err := s.Prepare(1, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			if p.Last {
				last = append(last, p)
			} else {
				first = append(first, p)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for round := range 2 {
		for i, p := range append(first, last...) {
			if err := c.Commit(t.Context(), p.Data); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(old); round == 0 && i < len(first) && err != nil {
				t.Error("the file of before is gone too early")
			}
		}
	}
	if n := visible(t, dir); n != 2 || len(last) != 2 {
		t.Errorf("%d entries at the end, %d that remove", n, len(last))
	}
	if err := (&sink{table: &table{name: "t"}, overwrite: true}).Open(&dataflow.Context{Checkpoints: true}); err == nil {
		t.Error("a job with checkpoints overwrites")
	}
}
