package optest

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// Changed is a batch of rows and their kinds; nil are inserts.
type Changed struct {
	Rows  []Row
	Kinds []columnar.RowKind
}

// CheckKinds feeds batches and compares what comes out, each row behind its kind and separated by commas.
// It closes the operator.
func CheckKinds(t testing.TB, op dataflow.Operator, batches []Changed, want string) {
	t.Helper()
	log, rng := &Log{Kinds: true}, rand.New(rand.NewPCG(1, 2))
	for _, b := range batches {
		in := Batch(b.Rows, b.Kinds, rng)
		_, err := op.Process(0, in, log)
		Must(t, err)
		in.Release()
	}
	if got := strings.Join(log.Rows, ", "); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	Must(t, op.Close())
}
