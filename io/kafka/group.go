package kafka

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// offsets prepares what the readers of a task have read for the consumer group, and keeps bad rows if
// the table says so. It stands right behind the source, so that at a barrier the readers are where the
// checkpoint says.
type offsets struct {
	bad     dataflow.Rejects // nil if none are kept
	readers []*reader        // that have read since the last epoch, or go on
	enabled bool             // the job takes checkpoints
}

var (
	_ dataflow.Rejects = (*offsets)(nil)
	_ dataflow.Opener  = (*offsets)(nil)
	_ dataflow.Counter = (*offsets)(nil)
)

// follow makes a reader of the task known.
func (o *offsets) follow(r *reader) { o.readers = append(o.readers, r) }

// Open opens what keeps bad rows.
func (o *offsets) Open(ctx *dataflow.Context) error {
	o.enabled = ctx.Checkpoints
	if opener, ok := o.bad.(dataflow.Opener); ok {
		return opener.Open(ctx)
	}
	return nil
}

// Process passes rows on.
func (o *offsets) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	return dataflow.Done, out.Emit(b)
}

// Reject keeps a bad row.
func (o *offsets) Reject(row dataflow.BadRow) error { return o.bad.Reject(row) }

// Counts are the bad rows kept.
func (o *offsets) Counts() map[string]int64 {
	if c, ok := o.bad.(dataflow.Counter); ok {
		return c.Counts()
	}
	return nil
}

// read is the committable: offsets by topic and partition, or what the keeper of bad rows has prepared.
type read struct {
	Offsets map[string]map[int32]int64 `json:"offsets,omitempty"`
	Bad     []byte                     `json:"bad,omitempty"`
}

// Prepare tells the offsets at which the readers go on.
func (o *offsets) Prepare(epoch dataflow.Epoch, final bool) (list []dataflow.Committable, err error) {
	if o.bad != nil {
		bad, err := o.bad.Prepare(epoch, final)
		if err != nil {
			return nil, err
		}
		for _, c := range bad {
			if c.Data, err = json.Marshal(read{Bad: c.Data}); err != nil {
				return nil, err
			}
			list = append(list, c)
		}
	}
	if !o.enabled || len(o.readers) == 0 {
		return list, nil
	}
	at := map[string]map[int32]int64{}
	for _, r := range o.readers {
		if at[r.part.Topic] == nil {
			at[r.part.Topic] = map[int32]int64{}
		}
		at[r.part.Topic][r.part.Partition] = r.next
	}
	o.readers = slices.DeleteFunc(o.readers, func(r *reader) bool { return r.closed })
	data, err := json.Marshal(read{Offsets: at})
	return append(list, dataflow.Committable{Data: data}), err
}

// Close closes what keeps bad rows.
func (o *offsets) Close() error {
	if o.bad != nil {
		return o.bad.Close()
	}
	return nil
}

// offsetCommitter commits to the consumer group what complete epochs have read.
type offsetCommitter struct {
	table *table
	bad   dataflow.Committer // nil if bad rows are not kept
}

var _ dataflow.Committer = (*offsetCommitter)(nil)

// groupCommitMax is how long a commit to the group is tried: the checkpoint waits for it.
const groupCommitMax = 5 * time.Second

// Commit commits offsets. They tell others how far the job has come and are not what it goes on from, so
// a failure is a line in the log, as in Flink, and the next epoch's commit makes up for it.
func (c *offsetCommitter) Commit(ctx context.Context, data []byte) error {
	var r read
	if err := json.Unmarshal(data, &r); err != nil {
		return fmt.Errorf("kafka: offsets of group %s: %w", c.table.group, err)
	}
	if r.Bad != nil && c.bad != nil {
		return c.bad.Commit(ctx, r.Bad)
	}
	if err := c.commit(ctx, r.Offsets); err != nil && ctx.Err() == nil {
		slog.WarnContext(ctx, "offsets are not committed to the consumer group", "table", c.table.spec.Name, "group", c.table.group, "err", err)
	}
	return nil
}

func (c *offsetCommitter) commit(ctx context.Context, at map[string]map[int32]int64) error {
	ctx, cancel := context.WithTimeout(ctx, groupCommitMax)
	defer cancel()
	client, err := kgo.NewClient(slices.Clone(c.table.client)...)
	if err != nil {
		return err
	}
	defer client.Close()
	list := kadm.Offsets{}
	for topic, partitions := range at {
		for p, offset := range partitions {
			list.Add(kadm.Offset{Topic: topic, Partition: p, At: offset, LeaderEpoch: -1})
		}
	}
	admin := kadm.NewClient(client)
	return untilDone(ctx, func() error { return admin.CommitAllOffsets(ctx, c.table.group, list) })
}

// Recover removes bad rows that no checkpoint knows. Offsets that were committed stay.
func (c *offsetCommitter) Recover(ctx context.Context, owner string, keep [][]byte) error {
	if c.bad == nil {
		return nil
	}
	var bad [][]byte
	for _, data := range keep {
		var r read
		if err := json.Unmarshal(data, &r); err != nil {
			return fmt.Errorf("kafka: offsets of group %s: %w", c.table.group, err)
		}
		if r.Bad != nil {
			bad = append(bad, r.Bad)
		}
	}
	return c.bad.Recover(ctx, owner, bad)
}
