package stream_test

import (
	"slices"
	"testing"
	"time"

	"github.com/anabranch/anabranch/stream"
)

// stamped is a row with the moment, in nanoseconds, at which it was handed to the source.
type stamped struct{ Key, At int64 }

// BenchmarkLatency sends 100 000 rows a second, in bursts of a millisecond, from a channel through an exchange
// by key and a function with state to a sink, and reports how long rows take.
func BenchmarkLatency(b *testing.B) {
	const perMilli, millis = 100, 5000
	begun := time.Now()
	now := func() int64 { return int64(time.Since(begun)) }
	rows := make(chan stamped, 10*perMilli)
	env := stream.NewEnv(stream.WithParallelism(2))
	counted := stream.Process(
		stream.KeyBy(stream.FromChannel(env, rows), func(r stamped) int64 { return r.Key }),
		func(ctx *stream.Ctx[int64], _ int64, in stamped, emit func(stamped)) error {
			ctx.Set(ctx.Value() + 1)
			emit(in)
			return nil
		}, stream.Named("count"))
	taken := make([]int64, 0, perMilli*millis)
	stream.ForEach(counted, func(r stamped) error {
		taken = append(taken, now()-r.At)
		return nil
	})
	go func() {
		defer close(rows)
		for i := range int64(millis) {
			time.Sleep(time.Until(begun.Add(time.Duration(i) * time.Millisecond)))
			for k := range int64(perMilli) {
				rows <- stamped{Key: k * 7919 % 1000, At: now()}
			}
		}
	}()
	if err := env.Execute(b.Context()); err != nil {
		b.Fatal(err)
	}
	slices.Sort(taken)
	for name, at := range map[string]float64{"p50-ms": 0.5, "p99-ms": 0.99, "most-ms": 1} {
		b.ReportMetric(float64(taken[int(at*float64(len(taken)-1))])/1e6, name)
	}
	b.ReportMetric(float64(len(taken))/time.Since(begun).Seconds(), "rows/s")
}
