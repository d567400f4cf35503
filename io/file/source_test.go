package file

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSampleHoldsARowHoweverLong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.csv")
	if err := os.WriteFile(path, []byte("a,b\n1,"+strings.Repeat("x", 3*sampleBytes)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	schema, err := Connector{}.Infer(t.Context(), map[string]string{"path": path})
	if err != nil {
		t.Fatal(err)
	}
	if got := schema.String(); got != "(a BIGINT, b STRING)" {
		t.Errorf("columns %s", got)
	}
}

func TestErrorOfACompressedFileNamesIt(t *testing.T) {
	for _, name := range []string{"t.csv.gz", "t.csv.zst"} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte("neither of the two"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := (Connector{}).Infer(t.Context(), map[string]string{"path": path}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
