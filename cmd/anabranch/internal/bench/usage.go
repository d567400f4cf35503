package bench

import (
	"fmt"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/anabranch/anabranch/internal/clock"
)

// Usage is what a piece of work took of the machine.
type Usage struct {
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
	// PeakMemoryBytes is the most memory of the process that was resident, looked at every 10 ms.
	PeakMemoryBytes int64 `json:"peak_memory_bytes"`
}

const sampleEvery = 10 * time.Millisecond

// measure does the work and tells what it took. Memory that work before it has left is returned
// first, so that it does not count.
func measure(work func() error) (Usage, error) {
	debug.FreeOSMemory()
	peak := resident()
	stop, sampled := make(chan struct{}), sync.WaitGroup{}
	sampled.Go(func() {
		tick, end := clock.Tick(sampleEvery)
		defer end()
		for {
			select {
			case <-tick:
				peak = max(peak, resident())
			case <-stop:
				peak = max(peak, resident())
				return
			}
		}
	})
	cpu, watch := cpuSeconds(), clock.Start()
	err := work()
	u := Usage{Seconds: watch.Elapsed().Seconds(), CPUSeconds: cpuSeconds() - cpu}
	close(stop)
	sampled.Wait()
	u.PeakMemoryBytes = peak
	return u, err
}

// resident is the memory of the process that the system keeps in RAM, or what the Go runtime holds
// where the system does not tell.
func resident() int64 {
	if text, err := os.ReadFile("/proc/self/statm"); err == nil {
		var size, pages int64
		if _, err := fmt.Sscan(string(text), &size, &pages); err == nil {
			return pages * int64(os.Getpagesize())
		}
	}
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64() - s[1].Value.Uint64())
}
