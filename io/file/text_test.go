package file

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// TestBadRowsAreKeptOnce stops reading at any batch and goes on with batches of another size: good rows
// and bad rows come once each.
func TestBadRowsAreKeptOnce(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	schema := columnar.NewSchema(columnar.Field{Name: "n", Type: columnar.TypeBigInt})
	for round := range 200 {
		format := []string{"csv", "json"}[round%2]
		path := filepath.Join(t.TempDir(), "t."+format)
		var text strings.Builder
		var want []string
		for i := range rng.IntN(12) {
			good := rng.IntN(3) > 0
			value := map[bool]string{true: fmt.Sprint(i), false: fmt.Sprint("x", i)}[good]
			want = append(want, value)
			if format == "json" {
				value = fmt.Sprintf(`{"n": %s}`, value)
			}
			text.WriteString(value + "\n")
		}
		if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		spec := &catalog.TableSpec{Name: "t", Schema: schema, Options: map[string]string{
			"path": path, "csv.header": "false", "on-error": "dead-letter", "on-error.dead-letter.path": t.TempDir(),
		}}
		src, err := Connector{}.Source(spec)
		if err != nil {
			t.Fatal(err)
		}
		splits, err := src.Splits(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for split, ended := splits[0], false; !ended; {
			split, ended = readSome(t, src, split, rng, &got)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%q: read %q", text.String(), got)
		}
	}
}

// readSome reads some batches of a split and tells where to go on.
func readSome(t *testing.T, src dataflow.Source, split dataflow.Split, rng *rand.Rand, got *[]string) (dataflow.Split, bool) {
	t.Helper()
	r, err := src.Open(t.Context(), split, dataflow.ReadRequest{Columns: []int{0}, BatchRows: 1 + rng.IntN(4), Bad: func(b dataflow.BadRow) error {
		text := strings.TrimSuffix(strings.TrimPrefix(string(b.Text), `{"n": `), "}")
		*got = append(*got, text)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	for range 1 + rng.IntN(3) {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			return split, true
		}
		if err != nil {
			t.Fatal(err)
		}
		for k := range b.Live() {
			*got = append(*got, fmt.Sprint(b.Cols[0].Int64At(b.Row(k))))
		}
		split.Position = r.Position()
	}
	return split, false
}
