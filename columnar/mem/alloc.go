package mem

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/anabranch/anabranch/internal/assert"
)

// Buffers are recycled in power-of-two classes from minClass to maxClass; smaller and larger
// ones go to the Go heap directly.
const (
	minClass = 12 // 4 KiB
	maxClass = 24 // 16 MiB
	// classBytesMax bounds what one class keeps for reuse.
	classBytesMax = 32 << 20
)

// allocator is the one seam through which large buffers come and go. Its backing is the Go
// heap: see docs/adr/0002-allocator-backing.md for the measurement.
type allocator struct {
	classes [maxClass + 1]freeList
	inUse   atomic.Int64
	peak    atomic.Int64
}

type freeList struct {
	mu   sync.Mutex
	free [][]byte
}

// process is the allocator of this process. It is the one piece of package state: memory is
// a property of the process.
var process allocator

// Alloc returns n bytes, aligned to 8, with undefined content.
func Alloc(n int) []byte {
	if n <= 0 {
		return nil
	}
	if n < 1<<minClass || n > 1<<maxClass {
		process.count(int64(n))
		return heapBytes(n)
	}
	class := bits.Len(uint(n - 1))
	process.count(1 << class)
	l := &process.classes[class]
	l.mu.Lock()
	if k := len(l.free); k > 0 {
		b := l.free[k-1]
		l.free[k-1] = nil
		l.free = l.free[:k-1]
		l.mu.Unlock()
		return b[:n]
	}
	l.mu.Unlock()
	return heapBytes(1 << class)[:n]
}

// Free gives a buffer of Alloc back; it must not be used afterwards. Free of nil does nothing.
func Free(b []byte) {
	c := cap(b)
	if c == 0 {
		return
	}
	b = b[:c]
	if assert.Enabled {
		for i := range b {
			b[i] = 0xCC
		}
	}
	process.inUse.Add(-int64(c))
	if c&(c-1) != 0 || c < 1<<minClass || c > 1<<maxClass {
		return
	}
	l := &process.classes[bits.Len(uint(c-1))]
	l.mu.Lock()
	if (len(l.free)+1)*c <= max(classBytesMax, c) {
		l.free = append(l.free, b)
	}
	l.mu.Unlock()
}

// AllocatedBytes is what Alloc handed out and Free did not get back.
func AllocatedBytes() int64 { return process.inUse.Load() }

func (a *allocator) count(n int64) {
	used := a.inUse.Add(n)
	for {
		p := a.peak.Load()
		if used <= p || a.peak.CompareAndSwap(p, used) {
			return
		}
	}
}

func heapBytes(n int) []byte {
	words := make([]uint64, (n+7)/8)
	if n >= hugeHeapMin {
		inHugePages(words)
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(words)*8)[:n:n]
}
