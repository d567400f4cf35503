//go:build !unix

package bench

import "runtime/metrics"

// cpuSeconds is the processor time of this process so far, as the Go runtime estimates it.
func cpuSeconds() float64 {
	s := []metrics.Sample{{Name: "/cpu/classes/total:cpu-seconds"}, {Name: "/cpu/classes/idle:cpu-seconds"}}
	metrics.Read(s)
	return s[0].Value.Float64() - s[1].Value.Float64()
}
