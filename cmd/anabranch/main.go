// Command anabranch runs SQL over files and streams.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/anabranch/anabranch/cmd/anabranch/internal/render"
	"github.com/anabranch/anabranch/io/console"
)

// The exit statuses.
const (
	statusOK     = 0
	statusFailed = 1
	statusUsage  = 2
)

func main() {
	// A closed pipe shall be an error of the write, not the end of the process.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	status := run(ctx, streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Args[1:])
	stop()
	os.Exit(status)
}

// streams are the three standard files.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// failure is an error of what the command did, not of how it was called.
type failure struct{ error }

// Unwrap gives the error itself.
func (f failure) Unwrap() error { return f.error }

// failed marks an error as that of a job.
func failed(err error) error {
	if err == nil {
		return nil
	}
	return failure{err}
}

// run executes a command line and returns the exit status.
func run(ctx context.Context, s streams, args []string) int {
	a := &app{streams: s, pipe: &pipe{w: s.out}}
	a.out = a.pipe
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(a.out)
	root.SetErr(s.err)
	err := root.ExecuteContext(ctx)
	if closed := a.close(); err == nil {
		err = failed(closed)
	}
	switch {
	case err == nil || a.pipe.closed || errors.Is(err, console.ErrReaderGone):
		return statusOK
	case errors.Is(err, errReported):
		return statusFailed
	}
	var f failure
	if errors.As(err, &f) {
		fmt.Fprintln(s.err, message(f.error))
		return statusFailed
	}
	fmt.Fprintln(s.err, message(err))
	return statusUsage
}

// errReported says that the errors have been told already.
var errReported = errors.New("failed")

// message is an error as the user sees it.
func message(err error) string {
	if errors.Is(err, context.Canceled) {
		return "error: cancelled"
	}
	return "error: " + render.MaskError(err)
}

// pipe is standard output. It remembers that the reader has gone, because then the command ends
// quietly, whatever becomes of the error on its way up.
type pipe struct {
	w      io.Writer
	closed bool
}

// Write writes b.
func (p *pipe) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		p.closed = true
	}
	return n, err
}
