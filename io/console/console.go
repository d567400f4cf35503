// Package console holds the connectors that end a pipeline without a place: 'print' and
// 'blackhole'.
//
// Invariant: a line of 'print' is written whole, whatever other subtasks print.
package console

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// Blackhole is the connector 'blackhole': it takes every column of every row and forgets them.
type Blackhole struct{}

var (
	_ catalog.SinkConnector = Blackhole{}
	_ catalog.ChangelogSink = Blackhole{}
)

// Name is 'blackhole'.
func (Blackhole) Name() string { return "blackhole" }

// Options are none.
func (Blackhole) Options() []catalog.Option { return nil }

// Sink makes the operator.
func (Blackhole) Sink(*catalog.TableSpec) (dataflow.Operator, error) { return hole{}, nil }

// TakesChangelog is true: a row taken back is forgotten like a new one.
func (Blackhole) TakesChangelog(*catalog.TableSpec) bool { return true }

type hole struct{}

// Process does nothing: the columns of b are computed already.
func (hole) Process(dataflow.Port, *columnar.Batch, dataflow.Output) (dataflow.Status, error) {
	return dataflow.Done, nil
}

// Close does nothing.
func (hole) Close() error { return nil }

// Print is the connector 'print': each row is a line of standard output, such as
// +I[1, Rome].
type Print struct {
	// ToError makes it standard error for all tables, where standard output is for something else.
	ToError bool
}

var (
	_ catalog.SinkConnector = Print{}
	_ catalog.ChangelogSink = Print{}
)

// Name is 'print'.
func (Print) Name() string { return "print" }

// Options are Flink's.
func (Print) Options() []catalog.Option {
	return []catalog.Option{
		{Key: "print-identifier", Description: "text in front of each line"},
		{Key: "standard-error", Description: "print to standard error", Default: "false", Values: catalog.Flag()},
	}
}

// TakesChangelog is true: a row taken back is a line such as -D[1, Rome].
func (Print) TakesChangelog(*catalog.TableSpec) bool { return true }

// Sink makes the operator.
func (p Print) Sink(spec *catalog.TableSpec) (dataflow.Operator, error) {
	if err := catalog.CheckOptions(p, spec.Options); err != nil {
		return nil, fmt.Errorf("table %s: %w", spec.Name, err)
	}
	out := os.Stdout
	if p.ToError || spec.Options["standard-error"] == "true" {
		out = os.Stderr
	}
	return &printer{out: out, prefix: spec.Options["print-identifier"]}, nil
}

type printer struct {
	out    io.Writer
	prefix string
	ctx    *dataflow.Context
	buf    []byte
}

// Open notes the subtask, which is part of the prefix.
func (p *printer) Open(ctx *dataflow.Context) error {
	p.ctx = ctx
	if ctx.Parallelism > 1 {
		sep := ""
		if p.prefix != "" {
			sep = ":"
		}
		p.prefix += fmt.Sprintf("%s%d", sep, ctx.Subtask+1)
	}
	if p.prefix != "" {
		p.prefix += "> "
	}
	return nil
}

// Process prints the live rows.
func (p *printer) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	loc := time.UTC
	if p.ctx.Env != nil && p.ctx.Env.Location != nil {
		loc = p.ctx.Env.Location
	}
	p.buf = p.buf[:0]
	for k := range b.Live() {
		i := b.Row(k)
		p.buf = append(p.buf, p.prefix...)
		p.buf = append(append(p.buf, b.Kind(i).String()...), '[')
		for c, v := range b.Cols {
			if c > 0 {
				p.buf = append(p.buf, ", "...)
			}
			p.buf = columnar.AppendText(p.buf, v, i, loc)
		}
		p.buf = append(p.buf, "]\n"...)
	}
	return dataflow.Done, write(p.out, p.buf)
}

// Close does nothing.
func (p *printer) Close() error { return nil }

// ErrReaderGone says that nobody reads any longer what is printed.
var ErrReaderGone = errors.New("the reader of what is printed has gone")

// write hands whole lines to the file in one call, so that those of other subtasks stay apart. A reader that
// has gone does not come back when the job starts again.
func write(f io.Writer, b []byte) error {
	_, err := f.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		return &dataflow.RowError{Err: ErrReaderGone}
	}
	return err
}
