package arrow

import (
	"fmt"
	"io"

	lib "github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/anabranch/anabranch/columnar"
)

// Codec says how buffers are compressed.
type Codec uint8

// The codecs.
const (
	Uncompressed Codec = iota
	LZ4
	Zstd
)

// pendingBytesMax bounds the bytes of a record batch, whose strings need 32-bit offsets.
const pendingBytesMax = 1 << 29

// WriterOptions say how a file is written.
type WriterOptions struct {
	Codec Codec
	// Stream writes a stream and not a file with a footer.
	Stream bool
	// Views writes strings as views, which is faster and which older readers do not know.
	Views bool
	// BatchRows is the rows of a record batch; default 65536.
	BatchRows int
}

// Writer writes batches to a file. A record batch is collected in memory of its own and written as it is.
type Writer struct {
	opt     WriterOptions
	schema  *lib.Schema
	pending *columnar.Batch
	mem     allocator
	out     interface {
		Write(rec lib.RecordBatch) error
		Close() error
	}
	err error // sticky
}

// NewWriter makes a writer of the columns s. It writes nothing before the first batch or Close.
func NewWriter(w io.Writer, s *columnar.Schema, opt WriterOptions) (*Writer, error) {
	if opt.BatchRows <= 0 {
		opt.BatchRows = 1 << 16
	}
	strings := lib.DataType(lib.BinaryTypes.String)
	if opt.Views {
		strings = lib.BinaryTypes.StringView
	}
	x := &Writer{opt: opt, pending: columnar.NewBatch(s)}
	var err error
	if x.schema, err = arrowSchema(s, strings); err != nil {
		return nil, fmt.Errorf("arrow: %w", err)
	}
	options := []ipc.Option{ipc.WithSchema(x.schema), ipc.WithAllocator(&x.mem)}
	switch opt.Codec {
	case LZ4:
		options = append(options, ipc.WithLZ4())
	case Zstd:
		options = append(options, ipc.WithZstd())
	}
	if opt.Stream {
		x.out = ipc.NewWriter(w, options...)
		return x, nil
	}
	x.out, err = ipc.NewFileWriter(w, options...)
	return x, err
}

// Write adds the live rows of b.
func (w *Writer) Write(b *columnar.Batch) error {
	sel := b.Sel
	if sel == nil && (b.Len() > w.opt.BatchRows || b.SizeBytes() > pendingBytesMax) {
		sel = positions(b.Len())
	}
	w.add(b, sel)
	return w.err
}

// add appends rows to the pending record batch, a part of them at a time if they are many or long.
func (w *Writer) add(b *columnar.Batch, sel []int32) {
	if len(sel) > 1 && (len(sel) > w.opt.BatchRows || b.SizeBytes() > pendingBytesMax) {
		w.add(b, sel[:len(sel)/2])
		w.add(b, sel[len(sel)/2:])
		return
	}
	w.pending.AppendSel(b, sel)
	if w.pending.Len() >= w.opt.BatchRows || w.pending.SizeBytes() > pendingBytesMax {
		w.flush()
	}
}

func (w *Writer) flush() {
	if w.err == nil {
		w.err = w.emit()
	}
	w.pending.Release()
	w.pending.Reset(0)
}

// emit writes the pending rows.
func (w *Writer) emit() error {
	var x exporter
	defer x.close()
	record, err := x.record(w.schema, w.pending)
	if err == nil {
		err = w.out.Write(record)
	}
	if err != nil {
		return fmt.Errorf("arrow: %w", err)
	}
	return nil
}

// Release frees the memory of a writer that is not closed.
func (w *Writer) Release() {
	w.pending.Release()
	w.mem.close()
}

// Close writes what is pending and the end of the file. Memory is freed also after an error.
func (w *Writer) Close() error {
	if w.pending.Len() > 0 {
		w.flush()
	}
	if w.err == nil {
		if err := w.out.Close(); err != nil {
			w.err = fmt.Errorf("arrow: %w", err)
		}
	}
	w.Release()
	return w.err
}
