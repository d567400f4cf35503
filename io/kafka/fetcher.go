package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/anabranch/anabranch/internal/clock"
)

// fetcher reads partitions with one client and hands what comes to the queue of each.
type fetcher struct {
	client *kgo.Client
	cancel context.CancelFunc
	ended  chan struct{}
	users  int // readers, counted by the source

	mu     sync.Mutex
	queues map[string]map[int32]*queue
}

// queue holds what was fetched of a partition until its reader takes it.
type queue struct {
	fetcher *fetcher
	part    partition

	mu      sync.Mutex
	fetched []fetched
	bytes   int
	paused  bool
	err     error
	unknown *clock.Stopwatch // since the brokers first said that there is no such partition; nil: they have it
	wake    func()
}

// fetched are records that came at once.
type fetched struct {
	records []*kgo.Record
	bytes   int
}

// queueBytesMax is how much a partition may have waiting before it is not fetched any further.
const queueBytesMax = 16 << 20

func newFetcher(t *table) (*fetcher, error) {
	level := kgo.ReadUncommitted()
	if t.committed {
		level = kgo.ReadCommitted()
	}
	ctx, cancel := context.WithCancel(context.Background())
	client, err := kgo.NewClient(append(
		slices.Clone(t.client),
		kgo.WithContext(ctx), // once it has ended, the client does not wait for brokers to say goodbye
		kgo.AlwaysRetryEOF(),
		kgo.FetchIsolationLevel(level),
		// The offsets of markers count, so that a reader knows when it has come to the end.
		kgo.KeepControlRecords(),
		// A topic that was deleted is one of them.
		kgo.KeepRetryableFetchErrors(),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
	)...)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("kafka: %w", err)
	}
	f := &fetcher{client: client, cancel: cancel, ended: make(chan struct{}), queues: map[string]map[int32]*queue{}}
	go f.run(ctx)
	return f, nil
}

// run polls until the fetcher is closed.
func (f *fetcher) run(ctx context.Context) {
	defer close(f.ended)
	for {
		fetches := f.client.PollFetches(ctx)
		if ctx.Err() != nil || fetches.IsClientClosed() {
			return
		}
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			if q := f.queue(p.Topic, p.Partition); q != nil {
				q.put(p.Records, p.Err)
			}
		})
		for _, e := range fetches.Errors() {
			if e.Topic == "" || e.Partition < 0 {
				f.fail(e.Topic, e.Err)
			}
		}
	}
}

func (f *fetcher) queue(topic string, part int32) *queue {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.queues[topic][part]
}

// fail hands an error to all partitions of a topic, or of all.
func (f *fetcher) fail(topic string, err error) {
	f.mu.Lock()
	var all []*queue
	for name, queues := range f.queues {
		for _, q := range queues {
			if topic == "" || name == topic {
				all = append(all, q)
			}
		}
	}
	f.mu.Unlock()
	for _, q := range all {
		q.put(nil, err)
	}
}

func (f *fetcher) add(p partition, offset int64, q *queue) {
	q.fetcher, q.part = f, p
	f.mu.Lock()
	if f.queues[p.Topic] == nil {
		f.queues[p.Topic] = map[int32]*queue{}
	}
	f.queues[p.Topic][p.Partition] = q
	f.mu.Unlock()
	f.client.AddConsumePartitions(map[string]map[int32]kgo.Offset{p.Topic: {p.Partition: kgo.NewOffset().At(offset)}})
}

func (f *fetcher) remove(p partition) {
	f.mu.Lock()
	delete(f.queues[p.Topic], p.Partition)
	f.mu.Unlock()
	f.client.RemoveConsumePartitions(map[string][]int32{p.Topic: {p.Partition}})
}

func (f *fetcher) close() {
	f.cancel()
	f.client.Close()
	<-f.ended
}

// put adds fetched records.
func (q *queue) put(records []*kgo.Record, err error) {
	q.mu.Lock()
	if !q.passes(err) && q.err == nil {
		q.err = err
	}
	if len(records) > 0 {
		f := fetched{records: records}
		for _, r := range records {
			f.bytes += len(r.Key) + len(r.Value)
		}
		q.fetched, q.bytes = append(q.fetched, f), q.bytes+f.bytes
	}
	pause := q.bytes > queueBytesMax && !q.paused
	q.paused = q.paused || pause
	wake := q.wake
	q.mu.Unlock()
	if pause {
		q.fetcher.client.PauseFetchPartitions(map[string][]int32{q.part.Topic: {q.part.Partition}})
	}
	wake()
}

// take takes the oldest records that were fetched at once; nil if there are none now.
func (q *queue) take() ([]*kgo.Record, error) {
	q.mu.Lock()
	if len(q.fetched) == 0 {
		err := q.err
		q.mu.Unlock()
		return nil, err
	}
	f := q.fetched[0]
	q.fetched[0] = fetched{}
	q.fetched, q.bytes = q.fetched[1:], q.bytes-f.bytes
	resume := q.paused && q.bytes < queueBytesMax/2
	q.paused = q.paused && !resume
	q.mu.Unlock()
	if resume {
		q.fetcher.client.ResumeFetchPartitions(map[string][]int32{q.part.Topic: {q.part.Partition}})
	}
	return f.records, nil
}

// deletedAfter is how long brokers have to say that a partition does not exist: they do so for a moment when
// they start, and where it has just been made.
const deletedAfter = 5 * time.Second

// passes reports that the client goes on by itself after an error, or that there is none.
func (q *queue) passes(err error) bool {
	if errors.Is(err, kerr.UnknownTopicOrPartition) || errors.Is(err, kerr.UnknownTopicID) {
		if q.unknown == nil {
			watch := clock.Start()
			q.unknown = &watch
		}
		return q.unknown.Elapsed() < deletedAfter
	}
	if err == nil {
		q.unknown = nil
		return true
	}
	var lost *kgo.ErrDataLoss
	return !errors.Is(err, kerr.OffsetOutOfRange) && !errors.As(err, &lost) && (kerr.IsRetriable(err) || away(err))
}
