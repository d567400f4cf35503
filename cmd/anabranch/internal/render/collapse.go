package render

import "github.com/anabranch/anabranch/columnar"

// Collapse is a Writer in front of another that turns a changelog into the table it describes: a
// row that is taken back is not shown. It holds all rows until the end.
type Collapse struct {
	Writer

	batches []*columnar.Batch
	dropped [][]bool
	at      map[string][]place // where each row lies that has not been taken back
	early   map[string]int     // rows taken back before they were added
	key     []byte
}

type place struct{ batch, row int }

// NewCollapse makes a Collapse in front of w.
func NewCollapse(w Writer) *Collapse {
	return &Collapse{Writer: w, at: map[string][]place{}, early: map[string]int{}}
}

// Rows takes a batch of the changelog.
func (c *Collapse) Rows(b *columnar.Batch) error {
	own := b.Copy()
	dropped := make([]bool, own.Len())
	for i := range own.Len() {
		c.key = c.key[:0]
		for _, v := range own.Cols {
			c.key = appendKey(c.key, v, i)
		}
		key := string(c.key)
		places := c.at[key]
		switch {
		case !own.Kind(i).Retracts() && c.early[key] > 0:
			c.early[key]--
			dropped[i] = true
		case !own.Kind(i).Retracts():
			c.at[key] = append(places, place{len(c.batches), i})
		case len(places) == 0:
			c.early[key]++
			dropped[i] = true
		default:
			last := places[len(places)-1]
			if last.batch == len(c.batches) {
				dropped[last.row] = true
			} else {
				c.dropped[last.batch][last.row] = true
			}
			dropped[i] = true
			if len(places) == 1 {
				delete(c.at, key)
			} else {
				c.at[key] = places[:len(places)-1]
			}
		}
	}
	c.batches, c.dropped = append(c.batches, own), append(c.dropped, dropped)
	return nil
}

// End hands on the rows that are left.
func (c *Collapse) End() error {
	for n, b := range c.batches {
		sel := make([]int32, 0, b.Len())
		for i, gone := range c.dropped[n] {
			if !gone {
				sel = append(sel, int32(i))
			}
		}
		b.Kinds = nil
		if len(sel) == 0 {
			continue
		}
		if err := c.Writer.Rows(b.WithSel(sel)); err != nil {
			return err
		}
	}
	return c.Writer.End()
}
