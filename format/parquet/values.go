package parquet

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
)

// decoder turns the values of one column's pages into a vector. Values are dense: those of
// null rows are not stored, so reading is followed by spread where there are nulls.
type decoder interface {
	// open starts a column chunk of rows rows; what an earlier dictionary held is forgotten.
	open(rows int64)
	// dictionary takes the n PLAIN values of a dictionary page.
	dictionary(values []byte, n int) error
	// page takes the values of a data page: PLAIN or, if coded, dictionary indexes.
	page(values []byte, coded bool) error
	// begin starts a batch of rows rows in v.
	begin(v *columnar.Vector, rows int)
	// read decodes the next n values to the positions from at.
	read(at, n int) error
	// spread moves the n values at at to the ones among the rows validity bits from at.
	spread(valid columnar.Bitmap, at, n, rows int)
	// finish ends the batch; the vector has got rows rows.
	finish(rows int)
	// pins reports whether the batch refers to the memory of the current page.
	pins() bool
	// holds reports whether the dictionary refers to the memory of its page.
	holds() bool
	// close frees memory beside that of vectors.
	close()
}

// indexes are the dictionary indexes of a page.
type indexes struct {
	hybrid
	scratch []int32
}

func (x *indexes) open(b []byte) (err error) {
	x.hybrid, err = newIndexes(b)
	return err
}

// newIndexes decodes the dictionary indexes of a page.
func newIndexes(b []byte) (hybrid, error) {
	if len(b) == 0 {
		// A page of nulls only may leave out even the width.
		return hybrid{}, nil
	}
	if b[0] > 32 {
		return hybrid{}, fmt.Errorf("dictionary indexes of %d bits", b[0])
	}
	return newHybrid(b[1:], uint(b[0])), nil
}

// take decodes n indexes into scratch memory.
func (x *indexes) take(n int) ([]int32, error) {
	if cap(x.scratch) < n {
		x.scratch = make([]int32, n)
	}
	codes := x.scratch[:n]
	return codes, x.ints(codes)
}

func errIndex(code int32, entries int) error {
	return fmt.Errorf("dictionary index %d of %d entries", uint32(code), entries)
}

// fixed decodes values of one width. T has the width and, for conversions, the meaning of the
// vector's values.
type fixed[T columnar.Fixed] struct {
	width   int // of a stored value
	convert func(dst []T, src []byte)
	alike   bool // stored values are as they are in a vector
	dict    []T
	memory  []byte // of dict, unless alike
	codes   hybrid
	coded   bool
	data    []byte // PLAIN values of the page not yet taken
	dst     []T
}

func (f *fixed[T]) open(int64) { f.dict = nil }

func (f *fixed[T]) dictionary(values []byte, n int) error {
	if n > len(values)/f.width {
		return errShort
	}
	if f.alike {
		f.dict = unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(values))), n)
		return nil
	}
	var zero T
	if size := n * int(unsafe.Sizeof(zero)); cap(f.memory) < size {
		mem.Free(f.memory)
		f.memory = mem.Alloc(size)
	}
	f.dict = unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(f.memory))), n)
	f.convert(f.dict, values)
	return nil
}

func (f *fixed[T]) page(values []byte, coded bool) error {
	if f.coded = coded; coded {
		var err error
		f.codes, err = newIndexes(values)
		return err
	}
	f.data = values
	return nil
}

func (f *fixed[T]) begin(v *columnar.Vector, rows int) {
	v.Reset(rows)
	f.dst = columnar.Values[T](v)
}

func (f *fixed[T]) read(at, n int) error {
	dst := f.dst[at : at+n]
	if f.coded {
		return lookUp(&f.codes, dst, f.dict)
	}
	if n > len(f.data)/f.width {
		return errShort
	}
	f.convert(dst, f.data)
	f.data = f.data[n*f.width:]
	return nil
}

func (f *fixed[T]) spread(valid columnar.Bitmap, at, n, rows int) {
	spread(f.dst, valid, at, n, rows)
}

func (f *fixed[T]) finish(int) { f.dst = nil }

func (f *fixed[T]) pins() bool { return false }

func (f *fixed[T]) holds() bool { return f.alike }

func (f *fixed[T]) close() {
	mem.Free(f.memory)
	f.memory, f.dict = nil, nil
}

// spread moves n values from the front to their places, last first, and zeroes the others.
func spread[T any](dst []T, valid columnar.Bitmap, at, n, rows int) {
	var zero T
	from := at + n
	for i := at + rows - 1; i >= at; i-- {
		if valid.Get(i) {
			from--
			dst[i] = dst[from]
		} else {
			dst[i] = zero
		}
	}
}

// bitValues decodes booleans.
type bitValues struct {
	data  []byte // PLAIN bits
	first int
	rle   hybrid
	runs  bool
	dst   columnar.Bitmap
}

func (b *bitValues) open(int64) {}

func (b *bitValues) dictionary([]byte, int) error {
	return errors.New("a dictionary of booleans")
}

func (b *bitValues) page(values []byte, coded bool) error {
	if coded {
		return errors.New("dictionary indexes of booleans")
	}
	b.data, b.first, b.runs = values, 0, false
	return nil
}

// runPage takes a page of booleans in RLE encoding.
func (b *bitValues) runPage(values []byte) error {
	if len(values) < 4 {
		return errShort
	}
	b.rle, b.runs = newHybrid(values[4:], 1), true
	return nil
}

func (b *bitValues) begin(v *columnar.Vector, rows int) {
	v.Reset(rows)
	b.dst = v.Bits()
}

func (b *bitValues) read(at, n int) error {
	if b.runs {
		_, err := b.rle.bits(b.dst, at, n)
		return err
	}
	if b.first+n > len(b.data)*8 {
		return errShort
	}
	copyBits(b.dst, at, b.data[:len(b.data)+slack], b.first, n)
	b.first += n
	return nil
}

func (b *bitValues) spread(valid columnar.Bitmap, at, n, rows int) {
	from := at + n
	for i := at + rows - 1; i >= at; i-- {
		bit := false
		if valid.Get(i) {
			from--
			bit = b.dst.Get(from)
		}
		b.dst.SetTo(i, bit)
	}
}

func (b *bitValues) finish(int) { b.dst = nil }

func (b *bitValues) pins() bool { return false }

func (b *bitValues) holds() bool { return false }

func (b *bitValues) close() {}

// bytesOf is the memory of s.
func bytesOf[T any](s []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(zero)))
}
