package parquet

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/anabranch/anabranch/columnar"
)

// TestOddFiles reads what pyarrow writes of a table without rows, whose chunk is nowhere, and of values that
// are shorter than the length in front of one would be.
func TestOddFiles(t *testing.T) {
	for name, want := range map[string]string{"no_rows": "[]", "fixed3": "[616263 null 646566 616263]"} {
		data, err := os.ReadFile("testdata/odd/" + name + ".parquet")
		if err != nil {
			t.Fatal(err)
		}
		f, err := Open(bytes.NewReader(data), int64(len(data)), name)
		if err != nil {
			t.Fatal(err)
		}
		s := f.Scan(ScanOptions{})
		got := []string{}
		drain(t, s, func(b *columnar.Batch) {
			for i := range b.Len() {
				got = append(got, format(b.Cols[0], i))
			}
		})
		s.Close()
		if fmt.Sprint(got) != want {
			t.Errorf("%s: got %v, want %s", name, got, want)
		}
	}
}
