package operators

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
)

const (
	leftPort  dataflow.Port = 0
	rightPort dataflow.Port = 1
)

// HashJoin reads its right input into a hash table, then looks the rows of the left one up.
type HashJoin struct {
	spec     JoinSpec
	ctx      *dataflow.Context
	residual *expr.Program
	build    joinBuild
	probe    joinProbe
	out      *columnar.Batch
	beside   columnar.Batch // the left batch with right columns at its positions, for onePair
	built    bool
	// unmatched is the next build row to look at for RIGHT and FULL once the left input ended.
	unmatched int
	ended     bool
}

var (
	_ dataflow.Operator      = (*HashJoin)(nil)
	_ dataflow.Resumer       = (*HashJoin)(nil)
	_ dataflow.InputEnder    = (*HashJoin)(nil)
	_ dataflow.InputSelector = (*HashJoin)(nil)
)

// NewHashJoin makes the operator of spec.
func NewHashJoin(spec JoinSpec) *HashJoin { return &HashJoin{spec: spec} }

// Open makes the hash table.
func (j *HashJoin) Open(ctx *dataflow.Context) error {
	j.ctx = ctx
	right := ctx.Inputs[rightPort]
	types := make([]columnar.Type, len(j.spec.RightKeys))
	for i, k := range j.spec.RightKeys {
		types[i] = right.Fields[k].Type
	}
	pairs := &columnar.Schema{}
	pairs.Fields = append(append(pairs.Fields, ctx.Inputs[leftPort].Fields...), right.Fields...)
	j.out = columnar.NewBatch(pairs)
	j.beside = columnar.Batch{Schema: pairs, Cols: append([]*columnar.Vector(nil), j.out.Cols...)}
	var err error
	if j.spec.Residual != nil {
		if j.residual, err = expr.Compile(j.spec.Residual, ctx.Env); err != nil {
			return err
		}
	}
	j.build.account = ctx.Budget.Account(ctx.Name)
	j.build.rows, j.build.unique = columnar.NewBatch(right), true
	j.build.table, err = columnar.NewTable(types, 1, nil)
	return err
}

// Wants reads the right input first.
func (j *HashJoin) Wants(in dataflow.Port) bool { return in == rightPort || j.built }

// Process stores right rows and looks left rows up.
func (j *HashJoin) Process(in dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	if in == rightPort {
		if err := j.build.add(b, j.spec.RightKeys, j.keepsRight()); err != nil {
			return dataflow.Done, err
		}
		return dataflow.Done, nil
	}
	j.probe.start(b, j.spec.LeftKeys, &j.build)
	if j.residual == nil && (j.spec.Type == Semi || j.spec.Type == Anti) {
		return dataflow.Done, j.emitLeft(out, j.probe.found(j.spec.Type == Semi))
	}
	if j.onePair() {
		return dataflow.Done, j.emitBeside(out)
	}
	return j.run(out)
}

// onePair reports whether a left row makes at most one pair and nothing needs to know later which
// did: the left batch then goes on as it is, with the right columns put beside it.
func (j *HashJoin) onePair() bool {
	return j.build.unique && (j.spec.Type == Inner || j.spec.Type == Left && j.residual == nil)
}

// emitBeside emits the left batch with the right columns of the rows that have a match, or of all
// rows if the others are kept.
func (j *HashJoin) emitBeside(out dataflow.Output) error {
	p, b := &j.probe, &j.beside
	rows := p.beside(j.keepsLeft())
	if len(rows) == 0 {
		return nil
	}
	width := len(p.batch.Cols)
	copy(b.Cols, p.batch.Cols)
	for c := width; c < len(b.Cols); c++ {
		b.Cols[c].Gather(j.build.rows.Cols[c-width], p.right)
	}
	b.SetLen(p.batch.Len())
	b.Sel, b.Kinds = rows, nil
	if len(rows) == b.Len() {
		b.Sel = nil
	}
	if j.residual == nil {
		return out.Emit(b)
	}
	sel, err := j.residual.Select(b, p.sel)
	if err != nil {
		return err
	}
	if p.sel = sel; len(sel) == 0 {
		return nil
	}
	return out.Emit(b.WithSel(sel))
}

func (j *HashJoin) keepsRight() bool { return j.spec.Type == Right || j.spec.Type == Full }
func (j *HashJoin) keepsLeft() bool  { return j.spec.Type == Left || j.spec.Type == Full }

// run emits the pairs of the current left batch from the cursor on.
func (j *HashJoin) run(out dataflow.Output) (dataflow.Status, error) {
	p := &j.probe
	for p.pairs(&j.build, columnar.BatchRows) {
		b, err := j.matching()
		if err != nil {
			return dataflow.Done, err
		}
		if b != nil && j.spec.Type != Semi && j.spec.Type != Anti {
			if err := out.Emit(b); err != nil {
				return dataflow.Done, err
			}
		}
		if !p.finished() && !out.Room() {
			p.keep()
			return dataflow.More, nil
		}
	}
	err := j.finishBatch(out)
	p.drop()
	return dataflow.Done, err
}

// matching fills j.out with the current pairs and drops those the residual rejects; nil if none
// is left.
func (j *HashJoin) matching() (*columnar.Batch, error) {
	p := &j.probe
	n := len(p.left)
	width := len(p.batch.Cols)
	for c, v := range j.out.Cols {
		if c < width {
			v.Gather(p.batch.Cols[c], p.left)
		} else {
			v.Gather(j.build.rows.Cols[c-width], p.right)
		}
	}
	j.out.SetLen(n)
	j.out.Sel, j.out.Kinds = nil, nil
	b := j.out
	if j.residual != nil {
		sel, err := j.residual.Select(b, p.sel)
		if err != nil {
			return nil, err
		}
		p.sel = sel
		b = b.WithSel(sel)
	}
	for k := range b.Live() {
		i := b.Row(k)
		if j.keepsRight() {
			j.build.matched.Set(int(p.right[i]))
		}
		p.matched[p.pos[i]] = true
	}
	if b.Live() == 0 {
		return nil, nil
	}
	return b, nil
}

// finishBatch emits what is left to say of the current left batch.
func (j *HashJoin) finishBatch(out dataflow.Output) error {
	p := &j.probe
	switch {
	case j.spec.Type == Semi:
		return j.emitLeft(out, p.rowsWhere(true))
	case j.spec.Type == Anti:
		return j.emitLeft(out, p.rowsWhere(false))
	case !j.keepsLeft():
		return nil
	}
	rows := p.rowsWhere(false)
	if len(rows) == 0 {
		return nil
	}
	none := make([]int32, len(rows))
	for i := range none {
		none[i] = -1
	}
	width := len(p.batch.Cols)
	for c, v := range j.out.Cols {
		if c < width {
			v.Gather(p.batch.Cols[c], rows)
		} else {
			v.Gather(j.build.rows.Cols[c-width], none)
		}
	}
	j.out.SetLen(len(rows))
	j.out.Sel, j.out.Kinds = nil, nil
	return out.Emit(j.out)
}

func (j *HashJoin) emitLeft(out dataflow.Output, rows []int32) error {
	if len(rows) == 0 {
		return nil
	}
	return out.Emit(j.probe.batch.WithSel(rows))
}

// EndInput seals the table, or after the left input emits the right rows without a match.
func (j *HashJoin) EndInput(in dataflow.Port, out dataflow.Output) (dataflow.Status, error) {
	if in == rightPort {
		j.built = true
		if j.build.unique && !j.onePair() {
			j.build.chainRows()
		}
		return dataflow.Done, nil
	}
	j.ended = true
	return j.Resume(out)
}

// Resume goes on where there was no room.
func (j *HashJoin) Resume(out dataflow.Output) (dataflow.Status, error) {
	if !j.ended {
		return j.run(out)
	}
	for j.keepsRight() && j.unmatched < j.build.rows.Len() {
		var rows []int32
		for ; j.unmatched < j.build.rows.Len() && len(rows) < columnar.BatchRows; j.unmatched++ {
			if !j.build.matched.Get(j.unmatched) {
				rows = append(rows, int32(j.unmatched))
			}
		}
		if len(rows) == 0 {
			break
		}
		if err := out.Emit(j.rightOnly(rows)); err != nil {
			return dataflow.Done, err
		}
		if !out.Room() {
			return dataflow.More, nil
		}
	}
	return dataflow.Done, nil
}

func (j *HashJoin) rightOnly(rows []int32) *columnar.Batch {
	width := len(j.ctx.Inputs[leftPort].Fields)
	for c, v := range j.out.Cols {
		if c < width {
			v.NullConstant(len(rows))
		} else {
			v.Gather(j.build.rows.Cols[c-width], rows)
		}
	}
	j.out.SetLen(len(rows))
	j.out.Sel, j.out.Kinds = nil, nil
	return j.out
}

// StateBytes is the size of the build side.
func (j *HashJoin) StateBytes() int64 { return j.build.account.Used() }

// Close frees the build side.
func (j *HashJoin) Close() error {
	if j.out != nil {
		j.build.release()
		j.probe.drop()
		j.out.Release()
		j.residual.Close()
	}
	return nil
}

// joinBuild is the right side: its rows, and a table from key to the chain of its rows.
type joinBuild struct {
	rows    *columnar.Batch
	table   *columnar.Table // payload: first row of the chain plus one
	next    []int32         // following row of the same key plus one
	unique  bool            // every row is the table's row of the same id; there are no chains yet
	matched columnar.Bitmap
	account *columnar.Account
	ids     []uint32
}

func (s *joinBuild) add(b *columnar.Batch, keys []int, keepsNull bool) error {
	cols, sel := keyColumns(nil, b, keys), b.Sel
	valid := withoutNulls(cols, sel, b.Len())
	if !keepsNull {
		sel = valid
	}
	first := s.rows.Len()
	s.rows.AppendSel(b, sel)
	for keepsNull && len(s.matched) < columnar.BitmapWords(s.rows.Len()) {
		s.matched = append(s.matched, 0)
	}
	var err error
	if s.ids, err = s.table.UpsertRows(s.ids, cols, valid, b.Len()); err != nil {
		return err
	}
	if s.unique && s.table.Rows() != s.rows.Len() {
		s.chainFirst(first)
	}
	if !s.unique {
		s.chain(sel, valid, first)
	}
	return s.account.Resize(int64(s.rows.SizeBytes()) + s.table.SizeBytes() + int64(4*cap(s.next)))
}

// chainRows makes the chains of a unique build side.
func (s *joinBuild) chainRows() { s.chainFirst(s.rows.Len()) }

// chainFirst makes the chains of the first n rows, which are those of the table.
func (s *joinBuild) chainFirst(n int) {
	s.unique = false
	s.next = make([]int32, n, s.rows.Len())
	head := s.table.Cells(0)
	for row := range n {
		*head.At(uint32(row)) = uint64(row + 1)
	}
}

// chain enters the rows from first on, which are the rows sel of a batch, into chains; those of valid
// have a key, in the table's rows s.ids.
func (s *joinBuild) chain(sel, valid []int32, first int) {
	s.next = append(s.next, make([]int32, s.rows.Len()-first)...)
	head := s.table.Cells(0)
	at := 0
	for row := first; row < s.rows.Len(); row++ {
		i := row - first
		if sel != nil {
			i = int(sel[i])
		}
		// With keepsNull the rows with a null key are stored but in no chain.
		if at < len(s.ids) && (valid == nil || int(valid[at]) == i) {
			cell := head.At(s.ids[at])
			s.next[row] = int32(*cell)
			*cell = uint64(row + 1)
			at++
		}
	}
}

func (s *joinBuild) release() {
	s.rows.Release()
	s.table.Release()
	s.next, s.matched = nil, nil
	s.account.Close()
}

func keyColumns(dst []*columnar.Vector, b *columnar.Batch, keys []int) []*columnar.Vector {
	dst = dst[:0]
	for _, k := range keys {
		dst = append(dst, b.Cols[k])
	}
	return dst
}

// withoutNulls narrows sel to the rows none of whose keys is null.
func withoutNulls(cols []*columnar.Vector, sel []int32, n int) []int32 {
	for _, v := range cols {
		if v.Valid != nil {
			sel = columnar.SelectWhere(make([]int32, n), sel, n, func(i int) bool { return !v.IsNull(i) })
		}
	}
	return sel
}

// joinProbe walks over the pairs of one left batch.
type joinProbe struct {
	batch *columnar.Batch
	kept  *columnar.Batch // batch, if it is an own one
	ids   []uint32        // table row of each live left row, NoRow if none
	live  int             // cursor: live row
	chain int32           // cursor: next build row plus one; 0 means look at the row's id

	left, right []int32 // the current pairs: positions in batch and build
	pos         []int32 // live index of each pair's left row
	matched     []bool  // by live index
	sel         []int32
	cols        []*columnar.Vector
}

// beside fills p.right with the build row of each position of the batch, where the ids are build
// rows, and returns the live rows that have one. If all are kept, it returns the live rows and
// those without a build row have -1.
func (p *joinProbe) beside(keep bool) []int32 {
	n := p.batch.Len()
	if cap(p.right) < n || cap(p.left) < n {
		p.left, p.right = make([]int32, n), make([]int32, n)
	}
	p.left, p.right = p.left[:n], p.right[:n]
	if keep {
		for i := range p.right {
			p.right[i] = -1 // rows that are not live, too
		}
		for k, id := range p.ids {
			i := p.batch.Row(k)
			p.left[k], p.right[i] = int32(i), int32(id)
		}
		return p.left[:len(p.ids)]
	}
	found := 0
	if p.batch.Sel == nil {
		for i, id := range p.ids[:n] {
			p.left[found] = int32(i)
			p.right[i] = max(int32(id), 0)
			if id != columnar.NoRow {
				found++
			}
		}
		return p.left[:found]
	}
	clear(p.right)
	for k, i := range p.batch.Sel {
		id := p.ids[k]
		p.left[found] = i
		p.right[i] = max(int32(id), 0)
		if id != columnar.NoRow {
			found++
		}
	}
	return p.left[:found]
}

func (p *joinProbe) start(b *columnar.Batch, keys []int, s *joinBuild) {
	p.batch, p.live, p.chain = b, 0, 0
	p.cols = keyColumns(p.cols, b, keys)
	p.ids = s.table.FindRows(p.ids, p.cols, b.Sel, b.Len())
	n := len(p.ids)
	if cap(p.matched) < n {
		p.matched = make([]bool, n)
	}
	p.matched = p.matched[:n]
	clear(p.matched)
	for _, v := range p.cols {
		if v.Valid == nil {
			continue
		}
		for k := range p.ids {
			if v.IsNull(b.Row(k)) {
				p.ids[k] = columnar.NoRow
			}
		}
	}
}

func (p *joinProbe) finished() bool { return p.live >= len(p.ids) }

// pairs collects up to limit further pairs and reports whether there are any.
func (p *joinProbe) pairs(s *joinBuild, limit int) bool {
	p.left, p.right, p.pos = p.left[:0], p.right[:0], p.pos[:0]
	head := s.table.Cells(0)
	for p.live < len(p.ids) && len(p.left) < limit {
		if p.chain == 0 {
			if p.ids[p.live] == columnar.NoRow {
				p.live++
				continue
			}
			p.chain = int32(*head.At(p.ids[p.live]))
		}
		i := int32(p.batch.Row(p.live))
		for p.chain != 0 && len(p.left) < limit {
			p.left = append(p.left, i)
			p.right = append(p.right, p.chain-1)
			p.pos = append(p.pos, int32(p.live))
			p.chain = s.next[p.chain-1]
		}
		if p.chain == 0 {
			p.live++
		}
	}
	return len(p.left) > 0
}

// keep makes the batch an own one, so that the walk can go on later. The copy is compact: live
// indexes stay, positions become them.
func (p *joinProbe) keep() {
	if p.kept == nil {
		p.batch = p.batch.Keep()
		p.kept = p.batch
	}
}

// drop frees a batch that was kept.
func (p *joinProbe) drop() {
	if p.kept != nil {
		p.kept.Release()
		p.kept, p.batch = nil, nil
	}
}

// found are the positions of the live rows whose key has (or has no) build row.
func (p *joinProbe) found(with bool) []int32 {
	p.left = p.left[:0]
	for k, id := range p.ids {
		if (id != columnar.NoRow) == with {
			p.left = append(p.left, int32(p.batch.Row(k)))
		}
	}
	return p.left
}

// rowsWhere are the positions of the live rows that were (or were not) matched.
func (p *joinProbe) rowsWhere(matched bool) []int32 {
	p.left = p.left[:0]
	for k, m := range p.matched {
		if m == matched {
			p.left = append(p.left, int32(p.batch.Row(k)))
		}
	}
	return p.left
}
