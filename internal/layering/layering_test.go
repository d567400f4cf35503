// Package layering enforces which package may import which.
package layering

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/anabranch/anabranch"

// rooms lists the rooms from the ground up: a package may import rooms of lower floors, and
// within its own room only what order allows.
var rooms = map[string]float64{
	"internal": 0, "metrics": 0,
	"columnar": 1, "vfs": 1,
	"expr": 2, "state": 2.5, // the states of groups are those of accumulators
	"dataflow": 3, "graph": 3, "format": 3,
	"catalog":   3.5,
	"operators": 4, "windowing": 4, "cep": 4, "shuffle": 4, "checkpoint": 4, "io": 4,
	"scheduler": 5,
	"stream":    6, "sql": 6.5,
	"bench": 7,
	"cmd":   8, "builtin": 8, "test": 8, "web": 8, "deploy": 8,
}

// order lists the packages of rooms that have several, lower ones first; a package may import
// those before it. Packages of a room that is not listed do not import each other.
var order = map[string][]string{
	"expr":      {"expr/calendar", "expr", "expr/aggregate"},
	"columnar":  {"columnar/mem", "columnar", "columnar/hashtable", "columnar/govalue"},
	"sql":       {"sql/ast", "sql/parser", "sql/plan", "sql/binder", "sql/optimizer", "sql/physical", "sql/session", "sql/runner", "sql/table"},
	"scheduler": {"scheduler/rpc", "scheduler/binding", "scheduler/task", "scheduler/taskmanager", "scheduler/jobmanager"},
	"operators": {"operators/held", "operators/group", "operators/join", "operators/order"},
	"format":    {"format/text", "format/csv", "format/json", "format/parquet", "format/arrow"},
}

// allowed reports whether the package from may import the package to; both are relative to the
// module.
func allowed(from, to string) bool {
	a, b := room(from), room(to)
	floorA, okA := rooms[a]
	floorB, okB := rooms[b]
	switch {
	case !okA || !okB:
		return false
	case a == "cmd" || a == "test":
		return b != "test" || to == "test/services" || to == "test/random"
	case a != b:
		return floorB < floorA
	case a == "internal" || from == to || strings.HasPrefix(from, to+"/") || strings.HasPrefix(to, from+"/"):
		return true
	}
	list := order[a]
	return index(list, to) >= 0 && index(list, to) < index(list, from)
}

func room(p string) string {
	first, _, _ := strings.Cut(p, "/")
	return first
}

func index(list []string, p string) int {
	for i, l := range list {
		if l == p {
			return i
		}
	}
	return -1
}

func TestImportsPointDown(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "examples"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		seen++
		return check(t, path, filepath.ToSlash(rel))
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 50 {
		t.Errorf("only %d files were looked at", seen)
	}
}

func check(t *testing.T, path, from string) error {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		return err
	}
	if from == "io" {
		t.Errorf("%s: the folder io holds no Go file", path)
	}
	for _, spec := range f.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		to, ours := strings.CutPrefix(name, module+"/")
		// Any test may use the TPC-H rows: they are data.
		data := to == "bench/tpch" && strings.HasSuffix(path, "_test.go")
		if ours && !data && !allowed(from, to) {
			t.Errorf("%s: %s may not import %s", path, from, to)
		}
		if spec.Name != nil && spec.Name.Name == "_" && name != "embed" && from != "test/peer" { // a database driver registers itself
			t.Errorf("%s: blank import of %s", path, name)
		}
	}
	return nil
}

// TestCanary fails if the check would let everything pass.
func TestCanary(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"columnar", "expr", false},
		{"expr", "columnar", true},
		{"operators", "windowing", false},
		{"windowing", "operators", false},
		{"io/file", "io/generator", false},
		{"io/file", "format/csv", true},
		{"sql/parser", "sql/binder", false},
		{"sql/binder", "sql/parser", true},
		{"scheduler", "sql/plan", false},
		{"stream", "sql/plan", false},
		{"sql/session", "stream", true},
		{"catalog", "dataflow", true},
		{"dataflow", "catalog", false},
		{"cmd/anabranch", "builtin", true},
		{"builtin", "cmd/anabranch", false},
		{"format/parquet", "catalog", false},
		{"nosuchroom", "columnar", false},
	} {
		if got := allowed(c.from, c.to); got != c.want {
			t.Errorf("%s imports %s: allowed is %v", c.from, c.to, got)
		}
	}
}
