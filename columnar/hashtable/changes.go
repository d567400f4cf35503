package hashtable

import (
	"math/bits"

	"github.com/anabranch/anabranch/columnar"
)

// Changes tells which rows of a table have changed since its last snapshot, and has each row of the
// snapshot in progress copied out once: before it is changed again, or by Copy. So a snapshot holds
// the rows as they were when it began although the table goes on changing. A nil *Changes does
// nothing.
//
// One goroutine uses a Changes.
type Changes struct {
	copyOut func(ids []uint32) error
	changed columnar.Bitmap // since the last snapshot began
	frozen  columnar.Bitmap // still to be copied out for the one in progress
	next    int             // the word of frozen at which Copy goes on
	ids     []uint32
	err     error // the first of copyOut in a call that cannot return it
}

// NewChanges makes a Changes without any. copyOut takes the rows of a snapshot, by id, as they are
// when it is called.
func NewChanges(copyOut func(ids []uint32) error) *Changes { return &Changes{copyOut: copyOut} }

// Touch is called before the rows ids are changed or removed; NoRow is passed over. New rows may be
// touched right after they are made.
func (c *Changes) Touch(ids []uint32) error {
	if c == nil {
		return nil
	}
	late := c.ids[:0]
	for _, id := range ids {
		if id != NoRow && c.touch(id) {
			late = append(late, id)
		}
	}
	if c.ids = late; len(late) == 0 {
		return nil
	}
	return c.copyOut(late)
}

// touchRow is Touch for one row; an error comes out of the next Copy.
func (c *Changes) touchRow(id uint32) {
	if c == nil || !c.touch(id) {
		return
	}
	c.ids = append(c.ids[:0], id)
	if err := c.copyOut(c.ids); err != nil && c.err == nil {
		c.err = err
	}
}

// touch notes a change and reports that the row is to be copied out before.
func (c *Changes) touch(id uint32) bool {
	w, bit := int(id/64), uint64(1)<<(id%64)
	if w >= len(c.changed) {
		c.changed = append(c.changed, make(columnar.Bitmap, max(w+1-len(c.changed), len(c.changed)/2, 64))...)
	}
	c.changed[w] |= bit
	if w >= len(c.frozen) || c.frozen[w]&bit == 0 {
		return false
	}
	c.frozen[w] &^= bit
	return true
}

// Freeze begins a snapshot of the rows that have changed since the last one began, or, if all, of
// the first n. What the one before still had to copy is forgotten.
func (c *Changes) Freeze(n int, all bool) {
	c.frozen, c.next, c.err = c.changed, 0, nil
	c.changed = make(columnar.Bitmap, len(c.frozen))
	if !all {
		return
	}
	c.frozen = make(columnar.Bitmap, columnar.BitmapWords(n))
	c.frozen.Fill(n, true)
	if r := n % 64; r != 0 {
		c.frozen[n/64] &= 1<<r - 1 // the rows behind are yet to be made
	}
}

// Copy copies at least n further rows out, if there are so many, and reports whether none is left.
func (c *Changes) Copy(n int) (done bool, err error) {
	ids := c.ids[:0]
	for ; c.next < len(c.frozen) && len(ids) < n; c.next++ {
		for w := c.frozen[c.next]; w != 0; w &= w - 1 {
			ids = append(ids, uint32(64*c.next+bits.TrailingZeros64(w)))
		}
		c.frozen[c.next] = 0
	}
	c.ids = ids
	if err = c.err; err == nil && len(ids) > 0 {
		err = c.copyOut(ids)
	}
	return c.next == len(c.frozen), err
}
