package file

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
)

// TestPartsOfArrow verifies that parts of an epoch appear with its commit, that a commit may be repeated,
// and that what was not prepared leaves nothing behind.
func TestPartsOfArrow(t *testing.T) {
	before := mem.AllocatedBytes()
	dir := filepath.Join(t.TempDir(), "t")
	schema := columnar.NewSchema(columnar.Field{Name: "n", Type: columnar.TypeBigInt}, columnar.Field{Name: "s", Type: columnar.Type{Kind: columnar.Char, Precision: 2}})
	spec := &catalog.TableSpec{Name: "t", Schema: schema, Options: map[string]string{"path": dir, "format": "arrow", "arrow.compression": "lz4"}}
	op, err := Connector{}.Sink(spec)
	if err != nil {
		t.Fatal(err)
	}
	s := op.(*sink)
	if err := s.Open(&dataflow.Context{Parallelism: 1, Checkpoints: true, Owner: "me"}); err != nil {
		t.Fatal(err)
	}
	c, err := Connector{}.Committer(spec)
	if err != nil {
		t.Fatal(err)
	}
	for epoch := range 3 {
		b := columnar.NewBatch(schema)
		b.Reset(2)
		for i := range 2 {
			columnar.Values[int64](b.Cols[0])[i] = int64(2*epoch + i)
			b.Cols[1].SetString(i, "ab")
		}
		if _, err := s.Process(0, b, nil); err != nil {
			t.Fatal(err)
		}
		b.Release()
		if epoch == 2 {
			break // this epoch's checkpoint never comes
		}
		prepared, err := s.Prepare(dataflow.Epoch(epoch+1), false)
		if err != nil || len(prepared) != 1 {
			t.Fatalf("%d prepared: %v", len(prepared), err)
		}
		if n := visible(t, dir); n != epoch {
			t.Errorf("%d files before the commit of epoch %d", n, epoch)
		}
		for range 2 {
			if err := c.Commit(t.Context(), prepared[0].Data); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := visible(t, dir); n != 2 {
		t.Errorf("%d files at the end", n)
	}
	if all, _ := os.ReadDir(dir); len(all) != 2 {
		t.Errorf("%d files with hidden ones", len(all))
	}
	inferred, err := Connector{}.Infer(t.Context(), spec.Options)
	if err != nil || inferred.String() != "(n BIGINT, s CHAR(2))" {
		t.Errorf("columns %s: %v", inferred, err)
	}
	if left := mem.AllocatedBytes() - before; left != 0 {
		t.Errorf("%d bytes are still allocated", left)
	}
}

func visible(t *testing.T, dir string) (n int) {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if !strings.HasPrefix(e.Name(), ".") {
			n++
		}
	}
	return n
}

// TestCompressedAsNamed verifies that a text file is written as its name says it is read.
func TestCompressedAsNamed(t *testing.T) {
	schema := columnar.NewSchema(columnar.Field{Name: "n", Type: columnar.TypeBigInt})
	for _, name := range []string{"t.csv", "t.csv.gz", "t.csv.zst", "t.csv.zstd"} {
		path := filepath.Join(t.TempDir(), name)
		spec := &catalog.TableSpec{Name: "t", Schema: schema, Options: map[string]string{"path": path, "format": "csv"}}
		op, err := Connector{}.Sink(spec)
		if err != nil {
			t.Fatal(err)
		}
		s := op.(*sink)
		if err := s.Open(&dataflow.Context{Parallelism: 1}); err != nil {
			t.Fatal(err)
		}
		b := columnar.NewBatch(schema)
		b.Reset(1)
		columnar.Values[int64](b.Cols[0])[0] = 42
		if _, err := s.Process(0, b, nil); err != nil {
			t.Fatal(err)
		}
		b.Release()
		prepared, err := s.Prepare(1, true)
		if err != nil || len(prepared) != 1 {
			t.Fatalf("%s: %d prepared: %v", name, len(prepared), err)
		}
		c, err := Connector{}.Committer(spec)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Commit(t.Context(), prepared[0].Data); err != nil {
			t.Fatal(err)
		}
		r, err := openText(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != "n\n42\n" {
			t.Errorf("%s holds %q: %v", name, got, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}
