package kafka

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/anabranch/anabranch/internal/clock"
	"github.com/anabranch/anabranch/test/services"
)

var (
	cancelPoints = flag.Int("cancel-points", 3, "how often to cancel each job that waits for Kafka")
	cancelSeed   = flag.Uint64("cancel-seed", 1, "seed of the times at which to cancel")
)

// deaf is an address where connections are taken and nobody ever answers.
func deaf(t testing.TB) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String() // the system takes them
}

// TestCanceledWhileWaiting cancels jobs that wait for Kafka at seeded times, and wants them to end without
// leaving a goroutine. The times it takes are logged.
func TestCanceledWhileWaiting(t *testing.T) {
	k := services.StartKafka(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("broker that falls silent", func(t *testing.T) { testCanceledInSilence(t, k) })
	t.Run("jobs", func(t *testing.T) { testCanceled(t, k) })
}

func testCanceled(t *testing.T, k *services.Kafka) {
	topic(t, k, "idle", 3)
	topic(t, k, "written", 1)
	silent := &services.Kafka{Addr: deaf(t)}
	scan := "'format' = 'json', 'scan.startup.mode' = 'earliest-offset'"
	once := scan + ", 'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'canceled'"
	numbers := "CREATE TABLE numbers (i BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '0', 'number-of-rows' = '100000000');\n"
	insert := func(table string) string { return "INSERT INTO " + table + " SELECT i FROM numbers" }
	jobs := []struct{ name, sql string }{
		{"an idle topic", create(k, "idle", "i BIGINT", scan) + "SELECT i FROM idle"},
		{"a source whose broker is silent", create(silent, "idle", "i BIGINT", scan) + "SELECT i FROM idle"},
		{"a sink whose broker is silent", numbers + create(silent, "written", "i BIGINT", scan) + insert("written")},
		{"a transaction whose broker is silent", numbers + create(silent, "written", "i BIGINT", once) + insert("written")},
		{"a sink at work", numbers + create(k, "written", "i BIGINT", scan) + insert("written")},
		{"a transaction at work", numbers + create(k, "written", "i BIGINT", once) + insert("written")},
	}
	random := rand.New(rand.NewPCG(*cancelSeed, 0))
	for _, j := range jobs {
		var took []time.Duration
		for range *cancelPoints {
			at := time.Duration(random.Int64N(int64(800 * time.Millisecond)))
			if d, ok := cancelAt(t, j.name, at, func(ctx context.Context) error {
				_, err := run(ctx, t, 2, j.sql)
				return err
			}); ok {
				took = append(took, d)
			}
		}
		report(t, j.name, took)
	}
}

// cancelAt cancels a run after some time and tells how long it took to end.
func cancelAt(t *testing.T, name string, at time.Duration, run func(context.Context) error) (took time.Duration, ok bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	since := make(chan clock.Stopwatch, 1)
	timer := time.AfterFunc(at, func() {
		since <- clock.Start()
		cancel()
	})
	err := run(ctx)
	if timer.Stop() || !errors.Is(err, context.Canceled) {
		t.Errorf("%s: ended by itself: %v", name, err)
		return 0, false
	}
	return (<-since).Elapsed(), true
}

// testCanceledInSilence cancels a job with checkpoints while the broker, which has answered so far, does not: in
// a write, in what precedes a checkpoint, in a commit of transactions or of the group's offsets.
func testCanceledInSilence(t *testing.T, k *services.Kafka) {
	c := topic(t, k, "input", 1)
	topic(t, k, "output", 1)
	for i := range 1000 {
		c.Produce(t.Context(), &kgo.Record{Topic: "input", Value: fmt.Appendf(nil, `{"i": %d}`, i)}, nil)
	}
	job := newEndless(t, create(k, "input", "i BIGINT", "'format' = 'json', 'properties.group.id' = 'canceled', 'properties.auto.offset.reset' = 'earliest'")+
		create(k, "output", "i BIGINT", "'format' = 'json', 'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'silence'")+
		"INSERT INTO output SELECT i FROM input")
	random := rand.New(rand.NewPCG(*cancelSeed, 1))
	var took []time.Duration
	for range *cancelPoints {
		ctx, cancel := context.WithCancel(t.Context())
		running, ended := make(chan struct{}, 1), make(chan error, 1)
		go func() {
			ended <- job.run(ctx, 2, nil, func() {
				select {
				case running <- struct{}{}:
				default: // it is known
				}
			})
		}()
		produce := func(n int) {
			for i := range n {
				c.Produce(ctx, &kgo.Record{Topic: "input", Value: fmt.Appendf(nil, `{"i": %d}`, i)}, nil)
			}
		}
		produce(100)
		select {
		case <-running:
		case err := <-ended:
			t.Fatalf("the job ended: %v", err)
		}
		produce(100)
		time.Sleep(time.Duration(random.Int64N(int64(60 * time.Millisecond)))) // some point between two checkpoints
		k.Pause()
		time.Sleep(time.Duration(random.Int64N(int64(300 * time.Millisecond)))) // whatever waits, waits
		watch := clock.Start()
		cancel()
		err := <-ended
		took = append(took, watch.Elapsed())
		k.Resume()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("ended by itself: %v", err)
		}
	}
	report(t, "a job whose broker falls silent", took)
}

func report(t *testing.T, name string, took []time.Duration) {
	if len(took) > 0 {
		slices.Sort(took)
		t.Logf("%-40s median %s, most %s of %d", name, took[len(took)/2].Round(time.Microsecond*100), took[len(took)-1].Round(time.Microsecond*100), len(took))
	}
}
