package hashtable

import "github.com/anabranch/anabranch/columnar"

// dictCache remembers, for keys made of dictionary columns alone, the row id of each combination
// of codes, so that a row costs an array access instead of a probe. It holds for the
// dictionaries it was made for.
type dictCache struct {
	dicts []*columnar.Vector
	ids   []uint32 // by combined code; NoRow if not known
	codes []uint32 // of each live row of a batch
	sel   []int32  // rows whose combination is new
	fresh []uint32
	hash  []uint64
}

// dictCombinationsMax bounds the cache to what stays in the first cache levels.
const dictCombinationsMax = 1 << 14

// combinations is the number of code combinations of cols (each with one more for null), 0 if
// some column is no dictionary or there are too many.
func combinations(cols []*columnar.Vector) int {
	n := 1
	for _, v := range cols {
		if v.Enc != columnar.Dictionary || v.Dict.Len() >= dictCombinationsMax {
			return 0
		}
		if n *= v.Dict.Len() + 1; n > dictCombinationsMax {
			return 0
		}
	}
	return n
}

// rebind empties the cache if the dictionaries are not those it was made for.
func (c *dictCache) rebind(cols []*columnar.Vector, n int) {
	same := len(c.dicts) == len(cols)
	for i, v := range cols {
		same = same && c.dicts[i] == v.Dict
	}
	if same {
		return
	}
	c.dicts = c.dicts[:0]
	for _, v := range cols {
		c.dicts = append(c.dicts, v.Dict)
	}
	if cap(c.ids) < n {
		c.ids = make([]uint32, n)
	}
	c.ids = c.ids[:n]
	for i := range c.ids {
		c.ids[i] = NoRow
	}
}

// combine writes the combined code of each live row into c.codes.
func (c *dictCache) combine(cols []*columnar.Vector, sel []int32, n int) {
	if cap(c.codes) < n {
		c.codes = make([]uint32, max(n, columnar.BatchRows))
	}
	c.codes = c.codes[:n]
	for i, v := range cols {
		codes, size := v.Codes(), uint32(v.Dict.Len()+1)
		switch {
		case i == 0 && sel == nil && v.Valid == nil:
			for k, x := range codes[:n] {
				c.codes[k] = uint32(x)
			}
		case sel == nil && v.Valid == nil:
			for k, x := range codes[:n] {
				c.codes[k] = c.codes[k]*size + uint32(x)
			}
		default:
			for k := range c.codes {
				r := columnar.RowAt(sel, k)
				x := uint32(codes[r])
				if !v.Valid.Get(r) {
					x = size - 1
				}
				if i > 0 {
					x += c.codes[k] * size
				}
				c.codes[k] = x
			}
		}
	}
}

// UpsertRows is Upsert for the live rows of a batch of n rows that computes the hashes itself,
// and does without where the keys are dictionaries. It returns the ids in live order.
func (t *Table) UpsertRows(ids []uint32, cols []*columnar.Vector, sel []int32, n int) ([]uint32, error) {
	live := n
	if sel != nil {
		live = len(sel)
	}
	if ids == nil || cap(ids) < live { // not nil, also for no rows
		ids = make([]uint32, max(live, columnar.BatchRows))
	}
	ids = ids[:live]
	c := &t.dict
	if size := combinations(cols); size > 0 && len(cols) > 0 {
		c.rebind(cols, size)
		c.combine(cols, sel, live)
		return ids, t.upsertCodes(ids, cols, sel)
	}
	if t.word.enabled && t.word.isDirect && t.rows+live < int(NoRow) {
		firstNew := t.rows
		t.upsertWords(ids, nil, cols[0], sel)
		return ids, t.reserve(firstNew)
	}
	c.hash = columnar.HashRows(c.hash, cols, sel, n)
	_, err := t.Upsert(ids, c.hash, cols, sel)
	return ids, err
}

// FindRows is Find for the live rows of a batch of n rows that computes the hashes itself if it
// needs them. It returns the ids in live order.
func (t *Table) FindRows(ids []uint32, cols []*columnar.Vector, sel []int32, n int) []uint32 {
	live := n
	if sel != nil {
		live = len(sel)
	}
	if cap(ids) < live {
		ids = make([]uint32, max(live, columnar.BatchRows))
	}
	ids = ids[:live]
	if t.word.enabled && t.word.isDirect {
		t.findWords(ids, nil, cols[0], sel)
		return ids
	}
	t.dict.hash = columnar.HashRows(t.dict.hash, cols, sel, n)
	t.Find(ids, t.dict.hash, cols, sel)
	return ids
}

// upsertCodes looks the combined codes up and enters those that are new.
func (t *Table) upsertCodes(ids []uint32, cols []*columnar.Vector, sel []int32) error {
	c := &t.dict
	c.sel = c.sel[:0]
	var seen uint32
	for k, code := range c.codes {
		id := c.ids[code]
		ids[k] = id
		seen = max(seen, id)
	}
	if seen != NoRow {
		return nil
	}
	for k, code := range c.codes {
		if c.ids[code] == NoRow {
			c.ids[code] = NoRow - 1 // entered below, once
			c.sel = append(c.sel, int32(columnar.RowAt(sel, k)))
		}
	}
	c.hash = columnar.HashRows(c.hash, cols, c.sel, 0)
	c.fresh = append(c.fresh[:0], make([]uint32, len(c.sel))...)
	if _, err := t.Upsert(c.fresh, c.hash, cols, c.sel); err != nil {
		c.dicts = c.dicts[:0]
		return err
	}
	next := 0
	for k, code := range c.codes {
		if c.ids[code] == NoRow-1 {
			c.ids[code] = c.fresh[next]
			next++
		}
		ids[k] = c.ids[code]
	}
	return nil
}
