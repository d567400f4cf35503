package held

import (
	"errors"

	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
)

// OpenAccount opens the account of an operator: with a floor if it can put aside what it holds.
func OpenAccount(ctx *dataflow.Context) (*mem.Account, error) {
	if ctx.Spill == nil {
		return ctx.Budget.Account(ctx.Name), nil
	}
	return ctx.Budget.Floored(ctx.Name)
}

// Reserve makes the account hold n bytes. canSpill says that the operator can put aside what it holds.
func Reserve(ctx *dataflow.Context, account *mem.Account, n int64, canSpill bool) error {
	if err := account.Resize(n); err != nil {
		return err
	}
	if canSpill && ctx.Spill.Pressed() {
		return &mem.MemoryError{Owner: ctx.Name, Want: n}
	}
	return nil
}

// Full reports that err says that memory has no room.
func Full(err error) bool {
	var m *mem.MemoryError
	return errors.As(err, &m)
}
