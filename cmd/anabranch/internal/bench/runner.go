package bench

import (
	"context"
	"time"

	"github.com/anabranch/anabranch/cmd/anabranch/internal/engine"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/sql/runner"
)

// Options are what all benchmarks share.
type Options struct {
	Parallelism int
	MemoryBytes int64 // 0 is without limit
	Settings    []engine.Setting
	// Note tells the user how far the benchmark has come; nil drops it.
	Note func(text string)
}

func (o Options) note(text string) {
	if o.Note != nil {
		o.Note(text)
	}
}

// engine makes an engine of its own for one piece of work.
func (o Options) engine(e engine.Options) (*engine.Engine, error) {
	e.Parallelism, e.Budget = o.Parallelism, mem.NewBudget(runner.OperatorBytes(o.MemoryBytes))
	e.Settings = append(o.Settings[:len(o.Settings):len(o.Settings)], e.Settings...)
	return engine.New(e)
}

// answer is the result of a query: it counts the rows and keeps the text of the first.
type answer struct {
	rows  int64
	first []string
}

// Begin starts a result.
func (a *answer) Begin(*columnar.Schema) error {
	a.rows, a.first = 0, nil
	return nil
}

// Rows counts a batch.
func (a *answer) Rows(b *columnar.Batch) error {
	if a.rows == 0 && b.Live() > 0 {
		for _, v := range b.Cols {
			a.first = append(a.first, string(columnar.AppendText(nil, v, b.Row(0), time.UTC)))
		}
	}
	a.rows += int64(b.Live())
	return nil
}

// End ends the result.
func (a *answer) End() error { return nil }

// query runs one query to its end.
func (o Options) query(ctx context.Context, sql string) (answer, error) {
	var a answer
	e, err := o.engine(engine.Options{Settings: []engine.Setting{{Key: "execution.runtime-mode", Value: "batch"}}})
	if err == nil {
		_, err = e.Script(ctx, sql, &a)
	}
	return a, err
}
