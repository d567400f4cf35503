package kafka

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// reader reads one partition.
type reader struct {
	source *source
	part   partition
	queue  queue
	rows   *rows
	max    int
	next   int64 // offset to go on at
	left   []*kgo.Record
	closed bool
	bad    func(dataflow.BadRow) error // keeps bad records; nil makes them errors
}

var (
	_ dataflow.Reader  = (*reader)(nil)
	_ dataflow.Waiter  = (*reader)(nil)
	_ dataflow.Counter = (*reader)(nil)
)

// Notify tells whom to wake when records have come.
func (r *reader) Notify(wake func()) {
	r.queue.mu.Lock()
	r.queue.wake = wake
	r.queue.mu.Unlock()
}

func (r *reader) ended() bool { return r.part.Stop >= 0 && r.next >= r.part.Stop }

// Next decodes records that have come.
func (r *reader) Next() (*columnar.Batch, error) {
	limit := r.max
	if limit <= 0 {
		limit = columnar.BatchRows
	}
	r.rows.reset(limit)
	for r.rows.n < limit && !r.ended() {
		if len(r.left) == 0 {
			records, err := r.queue.take()
			if err != nil && r.rows.n == 0 {
				return nil, r.failed(err)
			}
			if records == nil {
				break
			}
			r.left = records
		}
		if err := r.decode(limit); err != nil {
			return nil, err
		}
	}
	if r.rows.n == 0 {
		if r.ended() {
			return nil, io.EOF
		}
		return nil, nil
	}
	return r.rows.batch(), nil
}

// decode decodes fetched records up to the limit of the batch.
func (r *reader) decode(limit int) error {
	for len(r.left) > 0 && r.rows.n < limit && !r.ended() {
		record := r.left[0]
		r.left = r.left[1:]
		if record.Offset < r.next {
			continue
		}
		r.next = record.Offset + 1
		if record.Attrs.IsControl() {
			continue
		}
		if err := r.rows.add(record); err != nil {
			if err := r.reject(record, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// reject hands a bad record over to be kept; without anybody to keep it, it is an error.
func (r *reader) reject(record *kgo.Record, why error) error {
	if r.bad == nil {
		return &dataflow.RowError{Err: fmt.Errorf("kafka: topic %s, partition %d, offset %d: %w; set 'on-error' to skip or dead-letter to leave such records out",
			record.Topic, record.Partition, record.Offset, why)}
	}
	text := record.Value
	var key *keyError
	if errors.As(why, &key) {
		text = record.Key
	}
	return r.bad(dataflow.BadRow{Source: r.part.id(), Position: record.Offset, Text: text, Err: why.Error()})
}

// failed says what an error of the client means.
func (r *reader) failed(err error) error {
	where := fmt.Sprintf("kafka: topic %s, partition %d", r.part.Topic, r.part.Partition)
	switch {
	case errors.Is(err, kerr.OffsetOutOfRange):
		return &dataflow.RowError{Err: fmt.Errorf("%s: offset %d is not there (any more): records were deleted before they were read; start the job anew with another 'scan.startup.mode': %w", where, r.next, err)}
	case errors.Is(err, kerr.UnknownTopicOrPartition), errors.Is(err, kerr.UnknownTopicID):
		return fmt.Errorf("%s: the topic was deleted: %w", where, err)
	}
	return fmt.Errorf("%s, offset %d: %w", where, r.next, r.source.table.problem(err))
}

// Position is where to go on.
func (r *reader) Position() []byte {
	text, err := json.Marshal(position{r.next})
	if err != nil {
		return nil // an integer always encodes
	}
	return text
}

// Counts are the records left out.
func (r *reader) Counts() map[string]int64 { return r.rows.counts() }

// Close stops reading.
func (r *reader) Close() error {
	if !r.closed {
		r.closed = true
		r.source.leave(r.part)
		r.rows.release()
	}
	return nil
}
