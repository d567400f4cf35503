package golden

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cases.txt")
	if err := os.WriteFile(file, []byte("# of numbers\n\nSELECT 1\n+ 2\n----\n3\nof INT\n\nSELECT\n----\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := []Case{
		{Input: "SELECT 1\n+ 2", Want: "3\nof INT\n", comment: "# of numbers\n\n", line: 3},
		{Input: "SELECT", line: 9},
	}
	if got := Read(t, file); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
