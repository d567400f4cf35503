package file

import (
	stdjson "encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// TestDiscover verifies what is discovered in a directory, in which order, and what is not.
func TestDiscover(t *testing.T) {
	dir := t.TempDir()
	schema := columnar.NewSchema(columnar.Field{Name: "n", Type: columnar.TypeBigInt})
	spec := &catalog.TableSpec{Name: "t", Schema: schema, Options: map[string]string{"path": dir, "format": "json", monitorInterval: "10 ms"}}
	src, err := Connector{}.Source(spec)
	if err != nil {
		t.Fatal(err)
	}
	if src.Bounded() {
		t.Error("a watched directory has an end")
	}
	w, seen := src.(dataflow.Watcher), map[string]bool{}
	put := func(name string, age time.Duration) {
		path := filepath.Join(dir, name)
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(-age)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("{\"n\": 1}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	discover := func(want ...string) {
		t.Helper()
		splits, names, err := w.Discover(t.Context(), seen)
		if err != nil || len(splits) != len(names) {
			t.Fatalf("%d splits, %d names: %v", len(splits), len(names), err)
		}
		var got []string
		for i, s := range splits {
			var f fileSplit
			if err := stdjson.Unmarshal(s.Data, &f); err != nil || f.Path != names[i] {
				t.Errorf("split %s of %s: %v", s.Data, names[i], err)
			}
			got = append(got, strings.TrimPrefix(f.Path, dir+"/"))
			seen[names[i]] = true
		}
		if !slices.Equal(got, want) {
			t.Errorf("discovered %v, want %v", got, want)
		}
	}
	discover()
	put("b.json", time.Hour)
	put("a.json", time.Minute)
	put("d/c.json", time.Hour)
	put(".hidden.json", 0)
	put("_tmp/x.json", 0)
	discover("b.json", "d/c.json", "a.json")
	put("a.json", 0) // modified
	discover()
	put("old.json", 2*time.Hour)
	discover("old.json")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Discover(t.Context(), seen); err == nil {
		t.Error("a directory that is gone is no error")
	}
}

// TestDiscoverTellsLater verifies that a file that cannot be read does not keep others from being found:
// its reader tells what is wrong.
func TestDiscoverTellsLater(t *testing.T) {
	dir := t.TempDir()
	s := columnar.NewSchema(columnar.Field{Name: "n", Type: columnar.TypeBigInt}, columnar.Field{Name: "k", Type: columnar.TypeInteger})
	for _, c := range []struct{ format, file, want string }{
		{"parquet", "k=1/a.parquet", "not a Parquet file"},
		{"arrow", "k=1/a.arrow", "a.arrow"},
		{"json", "stray.json", "lies in no partition"},
		{"json", "k=x/a.json", "partition"},
	} {
		path := filepath.Join(dir, c.format+c.want, c.file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		options := map[string]string{"path": filepath.Join(dir, c.format+c.want), "format": c.format, monitorInterval: "1s"}
		src, err := Connector{}.Source(&catalog.TableSpec{Name: "t", Schema: s, PartitionKeys: []string{"k"}, Options: options})
		if err != nil {
			t.Fatal(err)
		}
		splits, _, err := src.(dataflow.Watcher).Discover(t.Context(), nil)
		if err != nil || len(splits) != 1 {
			t.Fatalf("%s: %d splits: %v", c.file, len(splits), err)
		}
		if _, err := src.Open(t.Context(), splits[0], dataflow.ReadRequest{Columns: []int{0, 1}}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.file, err)
		}
	}
}
