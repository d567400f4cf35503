package console

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

func TestPrint(t *testing.T) {
	b := columnar.NewBatch(columnar.NewSchema(columnar.Field{Name: "n", Type: columnar.TypeBigInt}, columnar.Field{Name: "s", Type: columnar.TypeString}))
	defer b.Release()
	b.Reset(2)
	copy(columnar.Values[int64](b.Cols[0]), []int64{7, 8})
	b.Cols[1].SetString(0, "Rome")
	b.Cols[1].SetNull(1)
	for _, c := range []struct {
		prefix      string
		parallelism int
		want        string
	}{
		{"", 1, "+I[7, Rome]\n+I[8, NULL]\n"},
		{"", 2, "2> +I[7, Rome]\n2> +I[8, NULL]\n"},
		{"x", 1, "x> +I[7, Rome]\nx> +I[8, NULL]\n"},
		{"x", 2, "x:2> +I[7, Rome]\nx:2> +I[8, NULL]\n"},
	} {
		var out bytes.Buffer
		p := &printer{out: &out, prefix: c.prefix}
		if err := p.Open(&dataflow.Context{Subtask: 1, Parallelism: c.parallelism}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Process(0, b, nil); err != nil || out.String() != c.want {
			t.Errorf("printed %q, want %q; %v", out.String(), c.want, err)
		}
	}
}

// TestReaderGone has the job end for good, as to start again does not bring the reader back.
func TestReaderGone(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	err = write(w, []byte("x\n"))
	var final *dataflow.RowError
	if !errors.Is(err, ErrReaderGone) || !errors.As(err, &final) {
		t.Errorf("error %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
