package columnar

import (
	"fmt"
	"sync/atomic"
)

// Budget is the one memory number of a process or job: operators reserve from it what their
// state needs. It may be used by many goroutines.
type Budget struct {
	limit int64
	used  atomic.Int64
	peak  atomic.Int64
}

// NewBudget makes a budget of limitBytes; 0 means no limit.
func NewBudget(limitBytes int64) *Budget { return &Budget{limit: limitBytes} }

// MemoryError says that a reservation exceeded the budget.
type MemoryError struct {
	Owner                 string
	Want, Used, LimitByte int64
}

// Error names who wanted how much and what to do.
func (e *MemoryError) Error() string {
	return fmt.Sprintf("out of memory: %s needs %s more, %s of %s in use; raise --memory",
		e.Owner, FormatBytes(e.Want), FormatBytes(e.Used), FormatBytes(e.LimitByte))
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
}

// Account opens an account for owner, whose name appears in errors.
func (b *Budget) Account(owner string) *Account { return &Account{budget: b, owner: owner} }

// Resize reserves or returns memory so that the account holds n bytes.
func (a *Account) Resize(n int64) error {
	if a == nil || n == a.used {
		return nil
	}
	delta := n - a.used
	used := a.budget.used.Add(delta)
	if delta > 0 && a.budget.limit > 0 && used > a.budget.limit {
		a.budget.used.Add(-delta)
		return &MemoryError{Owner: a.owner, Want: delta, Used: used - delta, LimitByte: a.budget.limit}
	}
	a.used = n
	for p := a.budget.peak.Load(); used > p && !a.budget.peak.CompareAndSwap(p, used); {
		p = a.budget.peak.Load()
	}
	return nil
}

// Used is what the account holds, in bytes.
func (a *Account) Used() int64 { return a.used }

// Close returns everything.
func (a *Account) Close() {
	if a != nil {
		a.budget.used.Add(-a.used)
		a.used = 0
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
