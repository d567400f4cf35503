package mem

import (
	"errors"
	"testing"
)

// TestFloors opens many accounts with floors: those that come late get less, but one is refused only where
// the least is too much, and half of the budget is there for what is held.
func TestFloors(t *testing.T) {
	for _, limit := range []int64{64 << 20, 1 << 30, 64 << 30} {
		b := NewBudget(limit)
		var accounts []*Account
		for range 500 {
			a, err := b.Floored("op")
			if err != nil {
				t.Fatalf("limit %s, account %d: %v", FormatBytes(limit), len(accounts), err)
			}
			accounts = append(accounts, a)
		}
		if used := b.Used(); used > limit/2+500*floorMin {
			t.Errorf("limit %s: floors take %s", FormatBytes(limit), FormatBytes(used))
		}
		first := accounts[0].floor
		for _, a := range accounts {
			a.Close()
		}
		if b.Used() != 0 {
			t.Errorf("limit %s: %d bytes are still reserved", FormatBytes(limit), b.Used())
		}
		if a, err := b.Floored("op"); err != nil || a.floor != first {
			t.Errorf("limit %s: a floor of %d bytes, %v", FormatBytes(limit), a.floor, err)
		}
	}
	var full *MemoryError
	if _, err := NewBudget(floorMin - 1).Floored("op"); !errors.As(err, &full) {
		t.Errorf("error %v", err)
	}
}
