package mem

import "unsafe"

// Memory of a table is asked to lie in huge pages from hugeTableMin on, buffers from hugeHeapMin on; smaller ones
// are gone before that pays.
const (
	hugeBytes    = 2 << 20
	hugeTableMin = 128 << 10
	hugeHeapMin  = 1 << 20
)

// Zeroed is make([]T, n) of a type without pointers for memory that is read at random: each row costs a walk
// through the page tables where pages are small. See docs/adr/0006-huge-pages.md.
func Zeroed[T any](n int) []T {
	s := make([]T, n)
	if uintptr(n)*unsafe.Sizeof(*new(T)) >= hugeTableMin {
		inHugePages(s)
	}
	return s
}

// Resized is s with n elements of undefined value, in other memory if it has no room for them.
func Resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return Zeroed[T](n)
	}
	return s[:n]
}

// inHugePages asks for huge pages where s lies. What lies beside it in these pages, which are the heap's too,
// comes into them with it.
func inHugePages[T any](s []T) {
	from := uintptr(unsafe.Pointer(unsafe.SliceData(s)))
	to := from + uintptr(len(s))*unsafe.Sizeof(s[0])
	from, to = from&^(hugeBytes-1), (to+hugeBytes-1)&^(hugeBytes-1)
	adviseHuge(from, to-from)
}
