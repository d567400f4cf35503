//go:build linux

package mem

import (
	"runtime"
	"syscall"
	"testing"
	"time"
)

// BenchmarkBacking compares the two ways to back large buffers: making, touching and dropping
// them, and what the collector pays while a large state is held.
func BenchmarkBacking(b *testing.B) {
	const size, held = 1 << 20, 512
	backings := map[string]struct {
		get  func() []byte
		drop func([]byte) error
	}{
		"heap": {func() []byte { return heapBytes(size) }, func([]byte) error { return nil }},
		"mmap": {
			func() []byte {
				m, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
				if err != nil {
					b.Fatal(err)
				}
				return m
			},
			syscall.Munmap,
		},
		"pool": {func() []byte { return Alloc(size) }, func(m []byte) error { Free(m); return nil }},
	}
	for name, backing := range backings {
		b.Run("turnover/"+name, func(b *testing.B) {
			for b.Loop() {
				m := backing.get()
				for i := 0; i < size; i += 4096 {
					m[i] = 1
				}
				if err := backing.drop(m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	for _, name := range []string{"heap", "mmap"} {
		backing := backings[name]
		b.Run("collect with 512 MiB held/"+name, func(b *testing.B) {
			var state [held][]byte
			for i := range state {
				state[i] = backing.get()
				for k := 0; k < size; k += 4096 {
					state[i][k] = 1
				}
			}
			runtime.GC()
			start := time.Now()
			n := 0
			for b.Loop() {
				runtime.GC()
				n++
			}
			b.ReportMetric(float64(time.Since(start).Microseconds())/float64(n), "us/collection")
			for i := range state {
				if err := backing.drop(state[i]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
