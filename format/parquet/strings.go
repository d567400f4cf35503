package parquet

import (
	"encoding/binary"
	"unsafe"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
)

// dictionaryRowsMin is how many rows of a chunk an entry of its dictionary must stand for if
// strings are to stay codes: below, work done once an entry is not saved work.
const dictionaryRowsMin = 4

// lengthBytes is the size of the length in front of a value, where values differ in length.
const lengthBytes = 4

// stringValues decodes byte arrays. As long as a batch has only met dictionary pages it is
// codes; the first PLAIN page turns what was read into views.
type stringValues struct {
	typ       columnar.Type
	length    int // of fixed-length values; 0 if each has its own
	chunkRows int64
	flatOnly  bool // never deliver codes

	dict      *columnar.Vector // immutable: kept batches refer to it; nil if it has too many entries
	dictText  []byte
	dictViews []columnar.View
	dictBytes []byte          // backing of dictText where dict is nil
	dictRoom  []columnar.View // backing of dictViews where dict is nil
	codes     indexes
	coded     bool
	data      []byte // PLAIN values of the page
	pos       int

	v       *columnar.Vector
	asCodes bool
	started bool // rows of this batch have been read
	out     []int32
	views   []columnar.View
	memory  []byte // backing of views
	bufs    [][]byte
	dictBuf int // of bufs, -1 if not in use
	pageBuf int
}

func (s *stringValues) open(rows int64) { s.chunkRows, s.dict, s.dictViews = rows, nil, nil }

func (s *stringValues) dictionary(values []byte, n int) error {
	each := s.length
	if each == 0 {
		each = lengthBytes
	}
	if n > len(values)/each {
		return errShort
	}
	if s.flatOnly || int64(n)*dictionaryRowsMin > s.chunkRows {
		// Only views of the batch at hand will refer to it, so its memory is used again.
		s.dictBytes, s.dictRoom = grow(s.dictBytes, len(values)+slack), grow(s.dictRoom, max(n, 1))
		return s.setDictionary(s.dictBytes, s.dictRoom, values, n)
	}
	// Own memory of the Go heap: a kept batch may refer to the dictionary for ever.
	own, views := make([]byte, len(values)+slack), make([]columnar.View, max(n, 1))
	if err := s.setDictionary(own, views, values, n); err != nil {
		return err
	}
	s.dict = columnar.NewVector(s.typ.Required())
	s.dict.SetShared(len(views), bytesOf(views), nil, [][]byte{s.dictText})
	return nil
}

func (s *stringValues) setDictionary(own []byte, views []columnar.View, values []byte, n int) error {
	copy(own, values)
	clear(own[len(values):])
	s.dictText, s.dictViews = own[:len(values)], views[:n]
	_, err := s.parse(s.dictViews, s.dictText, 0, 0)
	return err
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

func (s *stringValues) page(values []byte, coded bool) error {
	if s.coded = coded; coded {
		return s.codes.open(values)
	}
	s.data, s.pos, s.pageBuf = values, 0, -1
	return nil
}

func (s *stringValues) begin(v *columnar.Vector, rows int) {
	s.v, s.started = v, false
	s.bufs, s.dictBuf, s.pageBuf = s.bufs[:0], -1, -1
	if need := max(rows, 1) * int(unsafe.Sizeof(columnar.View{})); cap(s.memory) < need {
		mem.Free(s.memory)
		s.memory = mem.Alloc(need)
	}
	s.views = unsafe.Slice((*columnar.View)(unsafe.Pointer(unsafe.SliceData(s.memory[:1]))), rows)
	if cap(s.out) < rows {
		s.out = make([]int32, rows)
	}
	s.out = s.out[:rows]
}

func (s *stringValues) read(at, n int) error {
	if !s.started {
		s.started = true
		s.asCodes = s.coded && s.dict != nil
	}
	if !s.coded {
		return s.readPlain(at, n)
	}
	if !s.asCodes {
		return s.readCoded(at, n)
	}
	codes := s.out[at : at+n]
	if err := s.codes.ints(codes); err != nil {
		return err
	}
	return s.check(codes)
}

func (s *stringValues) check(codes []int32) error {
	top := uint32(0)
	for _, c := range codes {
		top = max(top, uint32(c))
	}
	if len(codes) > 0 && int(top) >= len(s.dictViews) {
		return errIndex(int32(top), len(s.dictViews))
	}
	return nil
}

// readCoded looks dictionary entries up into views.
func (s *stringValues) readCoded(at, n int) error {
	codes, err := s.codes.take(n)
	if err != nil {
		return err
	}
	if err := s.check(codes); err != nil {
		return err
	}
	s.lookUp(s.views[at:at+n], codes)
	return nil
}

// lookUp writes the entries of codes into dst. The dictionary's views refer to buffer 0 of
// the dictionary, which may be another of the batch.
func (s *stringValues) lookUp(dst []columnar.View, codes []int32) {
	if s.dictBuf < 0 {
		s.dictBuf = len(s.bufs)
		s.bufs = append(s.bufs, s.dictText)
	}
	for i, c := range codes {
		w := s.dictViews[c]
		if s.dictBuf > 0 && !w.Inline() {
			w.Tail |= uint64(s.dictBuf)
		}
		dst[i] = w
	}
}

func (s *stringValues) readPlain(at, n int) error {
	if s.asCodes {
		s.asCodes = false
		s.lookUpRead(at)
	}
	if s.pageBuf < 0 && n > 0 {
		s.pageBuf = len(s.bufs)
		s.bufs = append(s.bufs, s.data)
	}
	pos, err := s.parse(s.views[at:at+n], s.data, s.pos, max(s.pageBuf, 0))
	s.pos = pos
	return err
}

// lookUpRead turns the n rows read as codes into views; null rows have been given code 0.
func (s *stringValues) lookUpRead(n int) {
	if len(s.dictViews) == 0 {
		clear(s.views[:n])
		return
	}
	s.lookUp(s.views[:n], s.out[:n])
}

// parse makes views of the PLAIN values of b from pos on, which is buffer buf.
func (s *stringValues) parse(dst []columnar.View, b []byte, pos, buf int) (int, error) {
	if s.length > 0 {
		return s.parseFixed(dst, b, pos, buf)
	}
	for i := range dst {
		if len(b)-pos < 4 {
			return pos, errShort
		}
		n := int(binary.LittleEndian.Uint32(b[pos:]))
		pos += 4
		if n > len(b)-pos {
			return pos, errShort
		}
		if n > columnar.InlineLength {
			dst[i] = columnar.View{
				Head: uint64(n) | uint64(binary.LittleEndian.Uint32(b[pos:]))<<32,
				Tail: uint64(buf) | uint64(pos)<<32,
			}
		} else {
			dst[i] = shortView(b[pos:pos+n], n)
		}
		pos += n
	}
	return pos, nil
}

func (s *stringValues) parseFixed(dst []columnar.View, b []byte, pos, buf int) (int, error) {
	if len(dst) > (len(b)-pos)/s.length {
		return pos, errShort
	}
	for i := range dst {
		dst[i] = columnar.MakeView(b[pos:pos+s.length], buf, pos)
		pos += s.length
	}
	return pos, nil
}

// shortView makes the view of n bytes, at most InlineLength, that have slack behind them.
func shortView(b []byte, n int) columnar.View {
	w := b[:slack]
	lo, hi := binary.LittleEndian.Uint64(w), binary.LittleEndian.Uint64(w[8:])
	if n <= 8 {
		lo &= 1<<(uint(n)*8) - 1
		hi = 0
	} else {
		hi &= 1<<(uint(n-8)*8) - 1
	}
	return columnar.View{Head: uint64(n) | lo<<32, Tail: lo>>32 | hi<<32}
}

func (s *stringValues) spread(valid columnar.Bitmap, at, n, rows int) {
	if s.started && s.asCodes {
		spread(s.out, valid, at, n, rows)
	} else {
		spread(s.views, valid, at, n, rows)
	}
}

func (s *stringValues) finish(rows int) {
	v := s.v
	if s.started && s.asCodes {
		if v.Enc != columnar.Dictionary {
			v.Release()
		}
		copy(v.SetDictionary(s.dict, rows), s.out)
		return
	}
	v.SetShared(rows, bytesOf(s.views[:rows]), nil, s.bufs)
}

func (s *stringValues) pins() bool { return !s.coded && s.pageBuf >= 0 }

func (s *stringValues) holds() bool { return false }

func (s *stringValues) close() {
	mem.Free(s.memory)
	s.memory, s.views = nil, nil
}
