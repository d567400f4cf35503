package arrow

import (
	"errors"
	"fmt"
	"math"

	"github.com/anabranch/anabranch/columnar"
)

var errOffsets = errors.New("the offsets are not in order")

// texts makes v views of the bytes of strings with offsets.
func texts[T int32 | int64](m *importer, v *columnar.Vector, r rows) error {
	valid, err := m.validity(v, r)
	if err != nil {
		return err
	}
	offsets, err := offsetsOf[T](m, r)
	if err != nil {
		return err
	}
	data := buffer(r.array, 2)
	start, end := int64(offsets[0]), int64(offsets[r.n])
	if start < 0 || end < start || end > int64(len(data)) {
		return errOffsets
	}
	if end-start > math.MaxUint32 {
		return fmt.Errorf("%d bytes of strings in %d rows are too many", end-start, r.n)
	}
	data = data[start:end]
	views := m.room.views(r.n)
	for i := range views {
		from, to := int64(offsets[i])-start, int64(offsets[i+1])-start
		if from > to || from < 0 || to > int64(len(data)) || to-from > math.MaxInt32 {
			return errOffsets
		}
		if !valid.Get(i) {
			views[i] = columnar.View{}
			continue
		}
		views[i] = columnar.MakeView(data[from:to], 0, int(from))
	}
	v.SetShared(r.n, columnar.RawBytes(views), valid, [][]byte{data})
	return nil
}

// offsetsOf is the n+1 offsets of the rows of strings or lists. An array without rows may have none.
func offsetsOf[T int32 | int64](m *importer, r rows) ([]T, error) {
	if r.n == 0 {
		return []T{0}, nil
	}
	width := 4
	if any(T(0)) == any(int64(0)) {
		width = 8
	}
	b, err := span(buffer(r.array, 1), r.array.Offset()+r.from, r.n+1, width)
	return typed[T](m, b), err
}

// views makes v the strings of a view array. They are borrowed as they are, if each of them is within
// its buffer and looks as ours do.
func (m *importer) views(v *columnar.Vector, r rows) error {
	valid, err := m.validity(v, r)
	if err != nil {
		return err
	}
	b, err := span(buffer(r.array, 1), r.array.Offset()+r.from, r.n, 16)
	if err != nil {
		return err
	}
	var bufs [][]byte
	for i := 2; i < len(r.array.Buffers()); i++ {
		bufs = append(bufs, buffer(r.array, i))
	}
	given := typed[columnar.View](m, b)
	views := given
	if !aligned(b, 8) {
		views = m.room.views(r.n)
		copy(views, given)
	}
	own := !aligned(b, 8)
	for i := range given {
		w, err := checkedView(&given[i], bufs, valid.Get(i))
		if err != nil {
			return err
		}
		if w == given[i] {
			continue
		}
		if !own {
			own, views = true, m.room.views(r.n)
			copy(views, given)
		}
		views[i] = w
	}
	v.SetShared(r.n, columnar.RawBytes(views), valid, bufs)
	return nil
}

// checkedView is w as columnar wants it: a null is zero, so are unused bytes, the first bytes are there.
func checkedView(w *columnar.View, bufs [][]byte, valid bool) (columnar.View, error) {
	if !valid {
		return columnar.View{}, nil
	}
	if w.Inline() {
		var inline [columnar.InlineLength]byte
		for i := range inline {
			if i < 4 {
				inline[i] = byte(w.Head >> (32 + 8*i))
			} else {
				inline[i] = byte(w.Tail >> (8 * (i - 4)))
			}
		}
		return columnar.MakeView(inline[:w.Len()], 0, 0), nil
	}
	n, buf, at := w.Len(), int(uint32(w.Tail)), int(w.Tail>>32)
	if n > math.MaxInt32 || buf >= len(bufs) || at+n > len(bufs[buf]) {
		return columnar.View{}, fmt.Errorf("a string of %d bytes lies outside of its buffer", n)
	}
	return columnar.MakeView(bufs[buf][at:at+n], buf, at), nil
}

// fixedTexts makes v views of byte strings of one width.
func (m *importer) fixedTexts(v *columnar.Vector, r rows, width int) error {
	valid, err := m.validity(v, r)
	if err != nil {
		return err
	}
	data, err := span(buffer(r.array, 1), r.array.Offset()+r.from, r.n, width)
	if err != nil {
		return err
	}
	if len(data) > math.MaxUint32 {
		return fmt.Errorf("%d bytes of strings in %d rows are too many", len(data), r.n)
	}
	views := m.room.views(r.n)
	for i := range views {
		views[i] = columnar.View{}
		if valid.Get(i) {
			views[i] = columnar.MakeView(data[i*width:(i+1)*width], 0, i*width)
		}
	}
	v.SetShared(r.n, columnar.RawBytes(views), valid, [][]byte{data})
	return nil
}
