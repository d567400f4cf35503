package rpc

import (
	"crypto/rand"
	"errors"
	"sync"

	"github.com/anabranch/anabranch/dataflow"
)

// Class says what a failure means for the job.
type Class uint8

// The classes: another start may help; the rows cause it, so that none does; the job was canceled, or
// asked to stop.
const (
	Transient Class = iota
	Rows
	Canceled
	Stopping
)

// ErrStopped says that the job ended because it was asked to, after a last checkpoint.
var ErrStopped = errors.New("stopped after a checkpoint")

// Failure is an error as a message. In the process it comes from, Causes has the error itself.
type Failure struct {
	Class   Class  `json:"class"`
	Text    string `json:"text"`
	Process string `json:"process,omitempty"`
	Cause   uint64 `json:"cause,omitempty"`
}

// Causes keeps the errors of a process that travel as failures, so that those who get them back in the
// same process can ask errors.Is and errors.As. It forgets an error once it is asked for, and the oldest
// when there are many, as of failures that a restart has answered.
type Causes struct {
	process string
	mu      sync.Mutex
	last    uint64
	errs    map[uint64]error
}

// causesMax is how many errors are kept.
const causesMax = 64

// NewCauses makes an empty table.
func NewCauses() *Causes { return &Causes{process: rand.Text(), errs: map[uint64]error{}} }

// Failure notes an error; its class is Rows if rows cause it, else the one given.
func (c *Causes) Failure(class Class, err error) Failure {
	var rows *dataflow.RowError
	if errors.As(err, &rows) {
		class = Rows
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	c.errs[c.last] = err
	delete(c.errs, c.last-causesMax)
	return Failure{Class: class, Text: err.Error(), Process: c.process, Cause: c.last}
}

// Error is the error of a failure: the one it was made of in its own process, elsewhere one with its
// class and text.
func (c *Causes) Error(f *Failure) error {
	if f == nil {
		return nil
	}
	if f.Class == Stopping {
		return ErrStopped
	}
	if f.Process == c.process {
		c.mu.Lock()
		err, ok := c.errs[f.Cause]
		delete(c.errs, f.Cause)
		c.mu.Unlock()
		if ok {
			return err
		}
	}
	err := errors.New(f.Text)
	if f.Class == Rows {
		return &dataflow.RowError{Err: err}
	}
	return err
}
