package parquet

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/anabranch/anabranch/columnar"
)

// Codec is how a Writer compresses pages.
type Codec uint8

// The codecs of a Writer.
const (
	Snappy Codec = iota
	Zstd
	Gzip
	Uncompressed
)

// WriterOptions are the options of a Writer.
type WriterOptions struct {
	Codec        Codec // default Snappy
	RowGroupRows int   // rows of a row group; default 122 880
}

// Validate reports what is wrong with the options.
func (o WriterOptions) Validate() error {
	var errs []error
	if o.Codec > Uncompressed {
		errs = append(errs, fmt.Errorf("codec %d is unknown", o.Codec))
	}
	if o.RowGroupRows < 0 {
		errs = append(errs, fmt.Errorf("row groups of %d rows", o.RowGroupRows))
	}
	return errors.Join(errs...)
}

// rowGroupRows is a multiple of the batch size that keeps row groups of wide tables at tens
// of megabytes.
const rowGroupRows = 15 * columnar.BatchRows

// Writer writes batches to a Parquet file. It is for one goroutine. Nothing is readable
// before Close has written the footer.
type Writer struct {
	w        io.Writer
	schema   *columnar.Schema
	opt      WriterOptions
	elements []element
	columns  []*node
	leaves   []*leafWriter
	byNode   map[*node]*leafWriter
	pack     packer
	offset   int64
	rows     int // of the open row group
	groups   []rowGroup
	encoded  [][]chunkEncoding // of each group, how its chunks are stored
	err      error             // sticky
}

// NewWriter begins a file of the given columns; an error is reported by the first Write.
func NewWriter(w io.Writer, schema *columnar.Schema, opt WriterOptions) *Writer {
	p := &Writer{w: w, schema: schema, opt: opt, byNode: make(map[*node]*leafWriter)}
	if p.err = p.start(); p.err != nil {
		p.err = fmt.Errorf("parquet: %w", p.err)
	}
	return p
}

func (w *Writer) start() error {
	if err := w.opt.Validate(); err != nil {
		return err
	}
	if w.opt.RowGroupRows == 0 {
		w.opt.RowGroupRows = rowGroupRows
	}
	var err error
	if w.elements, err = elementsOf(w.schema); err != nil {
		return err
	}
	if w.columns, _, err = readSchema(w.elements); err != nil {
		return err
	}
	for _, n := range w.columns {
		w.addLeaves(n, nil)
	}
	return w.write([]byte(magic))
}

func (w *Writer) addLeaves(n *node, parents []string) {
	names := append(slices.Clone(parents), n.name)
	if n.leaf == nil {
		switch n.typ.Kind {
		case columnar.Array:
			names = append(names, "list")
		case columnar.Map:
			names = append(names, "key_value")
		}
		for _, c := range n.children {
			w.addLeaves(c, names)
		}
		return
	}
	l := newLeafWriter(n, names)
	w.leaves = append(w.leaves, l)
	w.byNode[n] = l
}

func (w *Writer) write(b []byte) error {
	n, err := w.w.Write(b)
	w.offset += int64(n)
	return err
}

// Write appends the live rows of b.
func (w *Writer) Write(b *columnar.Batch) error {
	if w.err != nil {
		return w.err
	}
	for from, live := 0, b.Live(); from < live; {
		to := min(live, from+w.opt.RowGroupRows-w.rows)
		for c, n := range w.columns {
			if w.err = w.column(n, b, c, from, to); w.err != nil {
				w.err = fmt.Errorf("parquet: row group %d: column %q: %w", len(w.groups), n.name, w.err)
				return w.err
			}
		}
		w.rows += to - from
		from = to
		if w.rows == w.opt.RowGroupRows {
			if w.err = w.flush(); w.err != nil {
				return w.err
			}
		}
	}
	return nil
}

// column appends the live rows from to to of a column.
func (w *Writer) column(n *node, b *columnar.Batch, c, from, to int) error {
	v := b.Cols[c]
	l := w.byNode[n]
	for k := from; k < to; k++ {
		i := b.Row(k)
		if l == nil || v.IsNull(i) {
			if err := w.put(n, v, i, 0); err != nil {
				return err
			}
			continue
		}
		if n.def > 0 {
			l.defs = append(l.defs, 1)
		}
		if err := l.value(v, i); err != nil {
			return err
		}
	}
	return nil
}

// put appends row i of v to the stored columns below n; rep is the repetition level.
func (w *Writer) put(n *node, v *columnar.Vector, i, rep int) error {
	if v.IsNull(i) {
		if n.typ.NotNull {
			return fmt.Errorf("null in %q, which is %s", n.name, n.typ)
		}
		w.putNull(n, rep, n.def-1)
		return nil
	}
	if n.leaf != nil {
		l := w.byNode[n]
		l.levels(rep, n.def)
		return l.value(v, i)
	}
	if v.Enc == columnar.Constant {
		i = 0
	}
	if n.elemDef == 0 {
		for k, c := range n.children {
			if err := w.put(c, v.Children[k], i, rep); err != nil {
				return err
			}
		}
		return nil
	}
	lo, hi := v.Offsets()[i], v.Offsets()[i+1]
	if lo == hi {
		w.putNull(n, rep, n.def)
	}
	for e := lo; e < hi; e++ {
		for k, c := range n.children {
			if err := w.put(c, v.Children[k], int(e), rep); err != nil {
				return err
			}
		}
		rep = n.rep + 1
	}
	return nil
}

// putNull appends an entry without a value to every stored column below n.
func (w *Writer) putNull(n *node, rep, def int) {
	if n.leaf != nil {
		w.byNode[n].levels(rep, def)
		return
	}
	for _, c := range n.children {
		w.putNull(c, rep, def)
	}
}

// flush writes the open row group.
func (w *Writer) flush() error {
	if w.rows == 0 {
		return nil
	}
	g := rowGroup{rows: int64(w.rows)}
	var how []chunkEncoding
	for _, l := range w.leaves {
		k, e, err := w.chunk(l)
		if err != nil {
			return fmt.Errorf("parquet: row group %d: column %q: %w", len(w.groups), l.node.leaf.path, err)
		}
		g.columns = append(g.columns, k)
		how = append(how, e)
		g.bytes += k.uncompressed
		l.reset()
	}
	w.groups, w.encoded, w.rows = append(w.groups, g), append(w.encoded, how), 0
	return nil
}

// Close writes what is left and the footer. It does not close the underlying writer.
func (w *Writer) Close() error {
	if w.err != nil {
		return w.err
	}
	if w.err = w.flush(); w.err != nil {
		return w.err
	}
	if err := w.write(w.footer()); err != nil {
		w.err = fmt.Errorf("parquet: footer: %w", err)
		return w.err
	}
	w.pack.close()
	w.err = errors.New("parquet: write after close")
	return nil
}
