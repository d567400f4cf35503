package mem

import (
	"fmt"
	"sync/atomic"
)

// Budget is the one memory number of a process or job: operators reserve from it what their
// state needs. It may be used by many goroutines.
type Budget struct {
	limit  int64
	used   atomic.Int64
	peak   atomic.Int64
	floors atomic.Int64 // part of used: the floors of all accounts
}

// NewBudget makes a budget of limitBytes; 0 means no limit.
func NewBudget(limitBytes int64) *Budget { return &Budget{limit: limitBytes} }

// MemoryError says that a reservation exceeded the budget.
type MemoryError struct {
	Owner                 string
	Want, Used, LimitByte int64
}

// Error tells how much was wanted and what to do. The owner is left to those who report whose error it is.
func (e *MemoryError) Error() string {
	return fmt.Sprintf("out of memory: %s more are needed, %s of %s are in use; raise --memory",
		FormatBytes(e.Want), FormatBytes(e.Used), FormatBytes(e.LimitByte))
}

// Limit is the most that may be reserved, in bytes; 0 means no limit.
func (b *Budget) Limit() int64 { return b.limit }

// Used is what is reserved now, in bytes.
func (b *Budget) Used() int64 { return b.used.Load() }

// Peak is the most that was ever reserved, in bytes.
func (b *Budget) Peak() int64 { return b.peak.Load() }

// Account is one owner's part of a budget. One goroutine uses it.
type Account struct {
	budget *Budget
	owner  string
	used   int64
	floor  int64 // reserved whether it is used or not
}

// Account opens an account for owner, whose name appears in errors.
func (b *Budget) Account(owner string) *Account { return &Account{budget: b, owner: owner} }

// The floor of an account that has one: a part of what is left of half of the limit, within bounds. So
// each that comes is lower than the one before, and there may be any number.
const (
	floorShare = 64
	floorMin   = 64 << 10
	floorMax   = 8 << 20
)

// Floored opens an account for an owner that can put aside what it holds: a floor is reserved for it
// at once, so that others cannot take all. It fails where there is no room for that.
func (b *Budget) Floored(owner string) (*Account, error) {
	a := b.Account(owner)
	if b.limit == 0 {
		return a, nil
	}
	a.floor = min(max((b.limit/2-b.floors.Load())/floorShare, floorMin), floorMax)
	if err := b.add(a.floor, owner, false); err != nil {
		return nil, err
	}
	b.floors.Add(a.floor)
	return a, nil
}

// add reserves delta bytes or returns them; force reserves them beyond the limit.
func (b *Budget) add(delta int64, owner string, force bool) error {
	used := b.used.Add(delta)
	if delta > 0 && b.limit > 0 && used > b.limit && !force {
		b.used.Add(-delta)
		return &MemoryError{Owner: owner, Want: delta, Used: used - delta, LimitByte: b.limit}
	}
	for p := b.peak.Load(); used > p && !b.peak.CompareAndSwap(p, used); {
		p = b.peak.Load()
	}
	return nil
}

// Resize reserves or returns memory so that the account holds n bytes. It fails with a MemoryError,
// and the account is as it was.
func (a *Account) Resize(n int64) error { return a.resize(n, false) }

// Force is Resize that does not fail: for what is held already and cannot be put aside.
func (a *Account) Force(n int64) { _ = a.resize(n, true) }

func (a *Account) resize(n int64, force bool) error {
	if a == nil || n == a.used {
		return nil
	}
	if delta := max(n, a.floor) - max(a.used, a.floor); delta != 0 {
		if err := a.budget.add(delta, a.owner, force); err != nil {
			return err
		}
	}
	a.used = n
	return nil
}

// Used is what the account holds, in bytes.
func (a *Account) Used() int64 { return a.used }

// Close returns everything.
func (a *Account) Close() {
	if a != nil {
		a.budget.used.Add(-max(a.used, a.floor))
		a.budget.floors.Add(-a.floor)
		a.used, a.floor = 0, 0
	}
}

// FormatBytes is n with a binary unit.
func FormatBytes(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
