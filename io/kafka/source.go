package kafka

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/anabranch/anabranch/catalog/deadletter"
	"github.com/anabranch/anabranch/dataflow"
)

// source reads the partitions of a table's topics.
type source struct {
	table *table

	mu      sync.Mutex
	clients [lanes]*fetcher // of the open readers; nil if a lane has none
}

var (
	_ dataflow.Source   = (*source)(nil)
	_ dataflow.Grower   = (*source)(nil)
	_ dataflow.Parallel = (*source)(nil)
	_ dataflow.Idler    = (*source)(nil)
	_ dataflow.Rejecter = (*source)(nil)
)

// partition is a split's description. Stop is the offset before which reading ends, -1 for never.
type partition struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Stop      int64  `json:"stop"`
}

func (p partition) id() string { return fmt.Sprintf("%s-%d", p.Topic, p.Partition) }

// position is where a split goes on.
type position struct {
	Offset int64 `json:"offset"`
}

func newSource(t *table) *source { return &source{table: t} }

// Bounded reports whether the table has an end.
func (s *source) Bounded() bool { return s.table.stop.mode != "unbounded" }

// SideBySide says that partitions are read at once: one client fetches them all.
func (s *source) SideBySide() {}

// Rejects keeps bad records if the table says so, and what was read for its consumer group.
func (s *source) Rejects() (dataflow.Rejects, dataflow.Committer) {
	bad := s.table.bad
	var rejects dataflow.Rejects
	var committer dataflow.Committer
	if bad.Policy == deadletter.Keep {
		rejects, committer = deadletter.NewWriter(s.table.spec.Name, bad.Dir), deadletter.Committer{Dir: bad.Dir}
	}
	if s.table.group != "" && s.table.tellsGroup {
		rejects, committer = &offsets{bad: rejects}, &offsetCommitter{s.table, committer}
	}
	return rejects, committer
}

// answerMax is how long brokers may take to answer what is asked before reading begins.
const answerMax = 15 * time.Second

// Splits lists the partitions with the offsets at which to begin and end.
func (s *source) Splits(ctx context.Context, _ int) ([]dataflow.Split, error) {
	return s.list(ctx, func(a *asked, p partition) (int64, error) { return a.begin(s.table, p) })
}

// NewSplits lists partitions that have come since; they are read from their beginning.
func (s *source) NewSplits(ctx context.Context, known []dataflow.Split) ([]dataflow.Split, error) {
	if s.Bounded() {
		return nil, nil
	}
	splits, err := s.list(ctx, func(a *asked, p partition) (int64, error) { return offsetOf(a.starts, p) })
	return slices.DeleteFunc(splits, func(n dataflow.Split) bool {
		return slices.ContainsFunc(known, func(k dataflow.Split) bool { return k.ID == n.ID })
	}), err
}

// Every is how often to look for new partitions.
func (s *source) Every() time.Duration { return s.table.discovery }

// IdleAfter is how long a partition has to be silent to be idle.
func (s *source) IdleAfter() time.Duration { return s.table.idleAfter }

func (s *source) list(ctx context.Context, begin func(a *asked, p partition) (int64, error)) ([]dataflow.Split, error) {
	ctx, cancel := context.WithTimeout(ctx, answerMax)
	defer cancel()
	client, err := s.table.asker()
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	defer client.Close()
	a, err := s.table.ask(ctx, kadm.NewClient(client))
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", s.table.problem(err))
	}
	var splits []dataflow.Split
	for _, p := range a.partitions {
		from, err := begin(a, p)
		if err == nil && s.Bounded() {
			p.Stop, err = a.at(s.table.stop, p, "latest")
		}
		if err != nil {
			return nil, fmt.Errorf("kafka: topic %s, partition %d: %w", p.Topic, p.Partition, err)
		}
		data, err := json.Marshal(p)
		if err != nil {
			return nil, err
		}
		at, err := json.Marshal(position{from})
		if err != nil {
			return nil, err
		}
		splits = append(splits, dataflow.Split{ID: p.id(), Data: data, Position: at})
	}
	return splits, nil
}

// Open starts reading a partition.
func (s *source) Open(_ context.Context, split dataflow.Split, req dataflow.ReadRequest) (dataflow.Reader, error) {
	var p partition
	var at position
	err := json.Unmarshal(split.Data, &p)
	if err == nil {
		err = json.Unmarshal(split.Position, &at)
	}
	if err != nil {
		return nil, fmt.Errorf("kafka: split %s: %w", split.ID, err)
	}
	rows, err := newRows(s.table, req)
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	r := &reader{source: s, part: p, next: at.Offset, rows: rows, max: req.BatchRows}
	if s.table.bad.Policy == deadletter.Keep {
		r.bad = req.Bad
	}
	if o, ok := req.Rejects.(*offsets); ok {
		o.follow(r)
	}
	r.queue.wake = func() {}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &s.clients[laneOf(p)]
	if *f == nil {
		if *f, err = newFetcher(s.table); err != nil {
			return nil, err
		}
	}
	(*f).users++
	if !r.ended() {
		(*f).add(p, at.Offset, &r.queue)
	}
	return r, nil
}

// lanes is the number of clients that read the partitions of a table: a client asks a broker for more only when it
// has what it asked for, so while the brokers send to one the records of another are decoded.
const lanes = 2

func laneOf(p partition) int { return int(p.Partition) % lanes }

// leave lets a client go with its last reader.
func (s *source) leave(p partition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &s.clients[laneOf(p)]
	if *f == nil {
		return
	}
	(*f).remove(p)
	if (*f).users--; (*f).users == 0 {
		(*f).close()
		*f = nil
	}
}
