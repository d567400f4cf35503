package arrow

import (
	"fmt"
	"unsafe"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
)

// allocator is the library's way to mem.Alloc. It belongs to one goroutine. It knows what is
// not freed yet, because the library forgets buffers when it meets an error.
type allocator struct {
	// bytesMax is the largest buffer that a file may ask for; 0 is without limit.
	bytesMax int64
	live     map[*byte][]byte
}

// Allocate returns size bytes. The library's interface has no error, so it panics if a damaged file asks
// for too much; decode turns that into an error again.
func (a *allocator) Allocate(size int) []byte {
	if size < 0 || a.bytesMax > 0 && int64(size) > a.bytesMax {
		panic(fmt.Errorf("a buffer of %d bytes is more than the file can hold", size))
	}
	b := mem.Alloc(size)
	if size > 0 {
		if a.live == nil {
			a.live = map[*byte][]byte{}
		}
		a.live[unsafe.SliceData(b)] = b
	}
	return b
}

// Reallocate returns size bytes that begin with those of b.
func (a *allocator) Reallocate(size int, b []byte) []byte {
	grown := a.Allocate(size)
	copy(grown, b)
	a.Free(b)
	return grown
}

// Free takes a buffer back.
func (a *allocator) Free(b []byte) {
	if whole, ok := a.live[unsafe.SliceData(b)]; ok {
		delete(a.live, unsafe.SliceData(b))
		mem.Free(whole)
	}
}

// close frees what the library did not.
func (a *allocator) close() {
	for _, b := range a.live {
		mem.Free(b)
	}
	a.live = nil
}

// room is memory for views of strings, used again by the next batch.
type room struct {
	bufs [][]byte
	used int
}

// views is room for n views of undefined value.
func (r *room) views(n int) []columnar.View {
	size := n * int(unsafe.Sizeof(columnar.View{}))
	if r.used == len(r.bufs) {
		r.bufs = append(r.bufs, nil)
	}
	b := r.bufs[r.used]
	if cap(b) < size {
		mem.Free(b)
		b = mem.Alloc(size)
		r.bufs[r.used] = b
	}
	r.used++
	return unsafe.Slice((*columnar.View)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

func (r *room) close() {
	for _, b := range r.bufs {
		mem.Free(b)
	}
	r.bufs, r.used = nil, 0
}
