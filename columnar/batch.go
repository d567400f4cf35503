package columnar

// RowKind says what a row of a changelog does. Its sign is what counts; that a row taken back and one
// added are versions of one row is told to users, and nobody relies on finding the other one.
type RowKind uint8

// The kinds: a row is added (Insert, UpdateAfter) or taken back (Retract, UpdateBefore). The lowest bit is
// the sign.
const (
	Insert RowKind = iota
	Retract
	UpdateAfter
	UpdateBefore
)

// Retracts reports that the row is taken back.
func (k RowKind) Retracts() bool { return k&1 != 0 }

// Sign is Insert or Retract.
func (k RowKind) Sign() RowKind { return k & 1 }

// String is the kind as Flink prints it.
func (k RowKind) String() string { return [...]string{"+I", "-D", "+U", "-U"}[k] }

// BatchRows is the number of rows operators aim at in a batch.
const BatchRows = 8192

// Batch is a run of rows. Only rows in Sel are live; nil means all.
type Batch struct {
	Schema *Schema
	Cols   []*Vector
	Sel    []int32
	// Kinds has one kind for each row, selected or not; nil means all Insert.
	Kinds []RowKind

	len   int
	owned bool // the receiver may keep it without a copy
	kept  bool // the receiver did
}

// NewBatch makes an empty batch of the schema with vectors of its own.
func NewBatch(s *Schema) *Batch {
	b := &Batch{Schema: s, Cols: make([]*Vector, len(s.Fields))}
	for i, f := range s.Fields {
		b.Cols[i] = NewVector(f.Type)
	}
	return b
}

// Len is the number of rows, selected or not.
func (b *Batch) Len() int { return b.len }

// SetLen says that every vector of b has n rows.
func (b *Batch) SetLen(n int) { b.len = n }

// Live is the number of selected rows.
func (b *Batch) Live() int {
	if b.Sel != nil {
		return len(b.Sel)
	}
	return b.len
}

// Reset empties b and gives every vector n undefined rows.
func (b *Batch) Reset(n int) {
	for _, c := range b.Cols {
		c.Reset(n)
	}
	b.len, b.Sel, b.Kinds = n, nil, b.Kinds[:0:0]
}

// WithSel is a view of b with another selection, which must be part of b's own.
func (b *Batch) WithSel(sel []int32) *Batch {
	return &Batch{Schema: b.Schema, Cols: b.Cols, Sel: sel, Kinds: b.Kinds, len: b.len}
}

// Kind is the kind of row i.
func (b *Batch) Kind(i int) RowKind {
	if b.Kinds == nil {
		return Insert
	}
	return b.Kinds[i]
}

// Row is the position of the k-th live row.
func (b *Batch) Row(k int) int {
	if b.Sel != nil {
		return int(b.Sel[k])
	}
	return k
}

// Own marks b as handed over: its single receiver may keep it, and the emitter must not touch
// it again.
func (b *Batch) Own() *Batch { b.owned = true; return b }

// Keep returns b itself if it was emitted as owned, else a compact copy of the live rows.
func (b *Batch) Keep() *Batch {
	if b.owned {
		b.kept = true
		return b
	}
	return b.Copy()
}

// Rearm says that the receiver of a kept batch deals with it only now: it is released unless it
// is kept again.
func (b *Batch) Rearm() { b.kept = false }

// ReleaseUnkept is Release unless somebody kept b: what its owner calls when it is done.
func (b *Batch) ReleaseUnkept() {
	if !b.kept {
		b.Release()
	}
}

// Copy is a compact copy of the live rows with memory of its own.
func (b *Batch) Copy() *Batch {
	c := NewBatch(b.Schema)
	c.AppendSel(b, b.Sel)
	c.owned = true
	return c
}

// AppendSel appends the rows of src at the positions sel (nil: all) to b.
func (b *Batch) AppendSel(src *Batch, sel []int32) {
	n := src.len
	if sel != nil {
		n = len(sel)
	}
	for i, c := range b.Cols {
		if sel == nil {
			c.AppendRange(src.Cols[i], 0, n)
		} else {
			c.AppendRows(src.Cols[i], sel)
		}
	}
	b.appendKinds(src, sel, n)
	b.len += n
}

func (b *Batch) appendKinds(src *Batch, sel []int32, n int) {
	if b.Kinds == nil && src.Kinds == nil {
		return
	}
	if b.Kinds == nil {
		b.Kinds = make([]RowKind, b.len, b.len+n)
	}
	for k := range n {
		i := k
		if sel != nil {
			i = int(sel[k])
		}
		b.Kinds = append(b.Kinds, src.Kind(i))
	}
}

// Release gives the memory of b's vectors back; only an owner may call it.
func (b *Batch) Release() {
	for _, c := range b.Cols {
		c.Release()
	}
	b.len, b.Sel, b.Kinds = 0, nil, nil
}

// SizeBytes estimates the memory b refers to.
func (b *Batch) SizeBytes() int {
	n := 0
	for _, c := range b.Cols {
		n += c.SizeBytes()
	}
	return n
}

// HeldBytes is the memory that b's vectors hold.
func (b *Batch) HeldBytes() int {
	n := 0
	for _, c := range b.Cols {
		n += c.HeldBytes()
	}
	return n
}

// AppendRange appends n rows of src from the position from to b.
func (b *Batch) AppendRange(src *Batch, from, n int) {
	if n == 0 {
		return
	}
	for i, c := range b.Cols {
		c.AppendRange(src.Cols[i], from, n)
	}
	if b.Kinds != nil || src.Kinds != nil {
		b.appendKinds(src, iota32(from, n), n)
	}
	b.len += n
}
