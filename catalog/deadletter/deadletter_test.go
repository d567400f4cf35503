package deadletter

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/dataflow"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name    string
		options map[string]string
		want    Options
		err     string
	}{
		{"nothing", nil, Options{Policy: Fail}, ""},
		{"skip", map[string]string{keyPolicy: "SKIP"}, Options{Policy: Skip}, ""},
		{"as in Flink", map[string]string{"csv.ignore-parse-errors": "true"}, Options{Policy: Skip}, ""},
		{"keep", map[string]string{keyPolicy: "dead-letter", keyDir: "bad"}, Options{Policy: Keep, Dir: "bad"}, ""},
		{"no directory", map[string]string{keyPolicy: "dead-letter"}, Options{}, "needs 'on-error.dead-letter.path'"},
		{"a directory for nothing", map[string]string{keyDir: "bad"}, Options{}, "is for 'on-error' = 'dead-letter'"},
		{"unknown", map[string]string{keyPolicy: "ignore"}, Options{}, "is 'ignore', not fail, skip or dead-letter"},
		{"contradiction", map[string]string{keyPolicy: "fail", "csv.ignore-parse-errors": "true"}, Options{}, "contradict"},
	} {
		got, err := Parse(c.options, "csv.ignore-parse-errors")
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: error %v, want %q", c.name, err, c.err)
			}
		} else if err != nil || got != c.want {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
}

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		dir, path string
		want      bool
	}{
		{"data/bad", "data", true},
		{"data", "data", true},
		{"bad", "data", false},
		{"data/_bad", "data", false},
		{"data/a/.bad/x", "data", false},
		{"data/bad", "data/*.csv", true},
		{"other", "file:///data", false},
	} {
		if got := Within(c.dir, c.path); got != c.want {
			t.Errorf("%s within %s: %t", c.dir, c.path, got)
		}
	}
}

// TestLettersAppearWithTheirEpoch keeps rows in two epochs and commits the first, twice.
func TestLettersAppearWithTheirEpoch(t *testing.T) {
	dir := t.TempDir()
	w, c := NewWriter("t", dir), Committer{dir}
	if err := w.Open(&dataflow.Context{Owner: "owner"}); err != nil {
		t.Fatal(err)
	}
	reject := func(text string) []byte {
		if err := w.Reject(dataflow.BadRow{Source: "a.csv", Position: 7, Text: []byte(text), Err: "no number"}); err != nil {
			t.Fatal(err)
		}
		list, err := w.Prepare(1, false)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		return list[0].Data
	}
	first := reject("x,y")
	reject("\xff")
	for range 2 {
		if err := c.Commit(t.Context(), first); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Recover(t.Context(), "owner", [][]byte{first}); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	text, err := os.ReadFile(filepath.Join(dir, entries[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	var l letter
	if err := json.Unmarshal(text, &l); err != nil || l.Source != "a.csv" || l.Position != 7 || l.Error != "no number" || *l.Text != "x,y" {
		t.Errorf("%s: %v", text, err)
	}
	if n := w.Counts()["dead-letter"]; n != 2 {
		t.Errorf("%d rows counted", n)
	}
}
