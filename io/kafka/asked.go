package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/internal/clock"
)

// asked is what the brokers say about the table's partitions.
type asked struct {
	partitions   []partition
	starts, ends kadm.ListedOffsets // of the records that are read
	highs        kadm.ListedOffsets // ends, also of records that are not committed
	group        kadm.OffsetResponses
	byTime       map[int64]kadm.ListedOffsets
}

// asker is a client that asks. It remembers no topics: one that has just been made would stay unknown to it for as long
// as it is waited for.
func (t *table) asker() (*kgo.Client, error) {
	return kgo.NewClient(append(slices.Clone(t.client), kgo.RetryTimeout(answerMax), kgo.MetadataMinAge(10*time.Millisecond))...)
}

// ask asks for the partitions and for the offsets that the options refer to.
func (t *table) ask(ctx context.Context, admin *kadm.Client) (*asked, error) {
	a := &asked{byTime: map[int64]kadm.ListedOffsets{}}
	topics, err := t.listTopics(ctx, admin, a)
	if err != nil {
		return nil, err
	}
	if a.starts, err = admin.ListStartOffsets(ctx, topics...); err != nil {
		return nil, err
	}
	ends := admin.ListEndOffsets
	if t.committed {
		ends = admin.ListCommittedOffsets
	}
	if a.ends, err = ends(ctx, topics...); err != nil {
		return nil, err
	}
	if a.highs, err = admin.ListEndOffsets(ctx, topics...); err != nil {
		return nil, err
	}
	if err := a.named("scan.startup", t.start); err != nil {
		return nil, err
	}
	if err := a.named("scan.bounded", t.stop); err != nil {
		return nil, err
	}
	for _, b := range []bound{t.start, t.stop} {
		if b.mode == "timestamp" && a.byTime[b.millis] == nil {
			if a.byTime[b.millis], err = admin.ListOffsetsAfterMilli(ctx, b.millis, topics...); err != nil {
				return nil, err
			}
		}
		if b.mode == "group-offsets" && a.group == nil {
			if a.group, err = t.committedOffsets(ctx, admin); err != nil {
				return nil, fmt.Errorf("committed offsets of group %s: %w", t.group, err)
			}
		}
	}
	return a, nil
}

// committedOffsets are those of the group. A broker that has just started has no coordinator at first.
func (t *table) committedOffsets(ctx context.Context, admin *kadm.Client) (kadm.OffsetResponses, error) {
	var offsets kadm.OffsetResponses
	err := untilDone(ctx, func() (err error) {
		offsets, err = admin.FetchOffsets(ctx, t.group)
		return err
	})
	return offsets, err
}

// listTopics finds the topics and their partitions.
func (t *table) listTopics(ctx context.Context, admin *kadm.Client, a *asked) (topics []string, err error) {
	details, err := t.describe(ctx, admin)
	if err != nil {
		return nil, err
	}
	for _, name := range details.Names() {
		d := details[name]
		if t.pattern != nil && (d.IsInternal || !t.pattern.MatchString(name)) {
			continue
		}
		if d.Err != nil {
			return nil, fmt.Errorf("topic %s: %w; create it or check the option 'topic'", name, d.Err)
		}
		topics = append(topics, name)
		for _, p := range d.Partitions.Numbers() {
			a.partitions = append(a.partitions, partition{Topic: name, Partition: p, Stop: -1})
		}
	}
	if len(topics) == 0 {
		return nil, fmt.Errorf("no topic matches the option 'topic-pattern' (%s)", t.spec.Options["topic-pattern"])
	}
	sort.SliceStable(a.partitions, func(i, j int) bool { return a.partitions[i].Partition < a.partitions[j].Partition })
	return topics, nil
}

// madeMax is how long brokers may take to know of a topic that has just been made.
const madeMax = 2 * time.Second

// describe asks for the topics, again while the brokers do not know one that the options name.
func (t *table) describe(ctx context.Context, admin *kadm.Client) (kadm.TopicDetails, error) {
	for watch := clock.Start(); ; {
		details, err := admin.ListTopics(ctx, t.topics...)
		if err != nil {
			return nil, err
		}
		if !errors.Is(details.Error(), kerr.UnknownTopicOrPartition) || watch.Elapsed() > madeMax {
			return details, nil
		}
		if err := clock.Pause(ctx, 50*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// named verifies that the partitions of specific offsets are there.
func (a *asked) named(prefix string, b bound) error {
	for _, n := range slices.Sorted(maps.Keys(b.offsets)) {
		if !slices.ContainsFunc(a.partitions, func(p partition) bool { return p.Partition == n }) {
			return notThere("partition %d of '%s.specific-offsets' is not there", n, prefix)
		}
	}
	return nil
}

// begin is the offset at which to begin with a partition. One that is not there is an error, but where the
// offset of the group no longer is and auto.offset.reset says where to go on.
func (a *asked) begin(t *table, p partition) (int64, error) {
	at, err := a.at(t.start, p, t.reset)
	if err != nil || t.start.mode != "specific-offsets" && t.start.mode != "group-offsets" {
		return at, err
	}
	low, err := offsetOf(a.starts, p)
	if err != nil {
		return 0, err
	}
	high, err := offsetOf(a.highs, p)
	switch {
	case err != nil || low <= at && at <= high:
		return at, err
	case t.start.mode == "group-offsets" && t.reset == "earliest":
		return low, nil
	case t.start.mode == "group-offsets" && t.reset == "latest":
		return offsetOf(a.ends, p)
	case t.start.mode == "group-offsets":
		return 0, notThere("offset %d is not there; there are %d to %d: the group %s has fallen behind; set 'properties.auto.offset.reset' to 'earliest' or 'latest', or another 'scan.startup.mode'", at, low, high, t.group)
	}
	return 0, notThere("offset %d is not there; there are %d to %d: change 'scan.startup.specific-offsets'", at, low, high)
}

// at is the offset of a bound in a partition; reset says what counts where a group has committed none.
func (a *asked) at(b bound, p partition, reset string) (int64, error) {
	switch b.mode {
	case "earliest-offset":
		return offsetOf(a.starts, p)
	case "latest-offset":
		return offsetOf(a.ends, p)
	case "timestamp":
		return offsetOf(a.byTime[b.millis], p)
	case "specific-offsets":
		if o, ok := b.offsets[p.Partition]; ok {
			return o, nil
		}
		return 0, notThere("the specific offsets do not name it")
	}
	if o, ok := a.group.Lookup(p.Topic, p.Partition); ok && o.At >= 0 {
		return o.At, o.Err
	}
	switch reset {
	case "earliest":
		return offsetOf(a.starts, p)
	case "latest":
		return offsetOf(a.ends, p)
	}
	return 0, notThere("the group has committed no offset; set 'properties.auto.offset.reset' to 'earliest' or 'latest', or another 'scan.startup.mode'")
}

func offsetOf(offsets kadm.ListedOffsets, p partition) (int64, error) {
	o, ok := offsets.Lookup(p.Topic, p.Partition)
	if !ok {
		return 0, errors.New("the broker does not tell its offsets")
	}
	return o.Offset, o.Err
}

// notThere is an error that a job meets again whenever it starts.
func notThere(format string, args ...any) error {
	return &dataflow.RowError{Err: fmt.Errorf(format, args...)}
}
