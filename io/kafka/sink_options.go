package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/anabranch/anabranch/dataflow"
)

// transactionMaxDefault is how long brokers leave a transaction open, unless told otherwise: what
// they allow by default.
const transactionMaxDefault = 15 * time.Minute

// writeOptions reads the options of writing.
func (t *table) writeOptions(o map[string]string, g guarantee) error {
	p := func(name string) string { return o[propertyPrefix+name] }
	t.transactionMax = transactionMaxDefault
	var bad error
	number := func(name string, use func(n int64)) {
		v := p(name)
		if v == "" {
			return
		}
		n, err := strconv.ParseInt(v, 10, 32)
		if err != nil || n < 0 {
			bad = errors.Join(bad, fmt.Errorf("the property '%s%s' is '%s', not a number", propertyPrefix, name, v))
			return
		}
		use(n)
	}
	add := func(o kgo.Opt) { t.client = append(t.client, o) }
	number("transaction.timeout.ms", func(n int64) { t.transactionMax = time.Duration(n) * time.Millisecond })
	number("linger.ms", func(n int64) { add(kgo.ProducerLinger(time.Duration(n) * time.Millisecond)) })
	number("batch.size", func(n int64) { add(kgo.ProducerBatchMaxBytes(int32(n))) })
	number("max.request.size", func(n int64) { add(kgo.ProducerBatchMaxBytes(int32(n))) })
	number("delivery.timeout.ms", func(n int64) { add(kgo.RecordDeliveryTimeout(time.Duration(n) * time.Millisecond)) })
	if bad != nil {
		return bad
	}
	codecs := map[string]kgo.CompressionCodec{
		"": kgo.NoCompression(), "none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	codec, ok := codecs[p("compression.type")]
	if !ok {
		return fmt.Errorf("the property 'properties.compression.type' is '%s' (known: none, gzip, snappy, lz4, zstd)", p("compression.type"))
	}
	add(kgo.ProducerBatchCompression(codec))
	switch p("acks") {
	case "", "all", "-1":
	case "1", "0":
		if g != noGuarantee {
			return fmt.Errorf("the property 'properties.acks' = '%s' may lose rows; it needs 'sink.delivery-guarantee' = 'none'", p("acks"))
		}
		add(kgo.DisableIdempotentWrite())
		add(kgo.RequiredAcks(map[string]kgo.Acks{"1": kgo.LeaderAck(), "0": kgo.NoAck()}[p("acks")]))
	default:
		return fmt.Errorf("the property 'properties.acks' is '%s', not all, 1 or 0", p("acks"))
	}
	switch o["sink.partitioner"] {
	case "", "default", "fixed", "round-robin":
		t.partitioning = o["sink.partitioner"]
	default:
		return fmt.Errorf("option 'sink.partitioner' is '%s' (known: default, fixed, round-robin)", o["sink.partitioner"])
	}
	return nil
}

// partitioner chooses the partitions of a subtask's records.
func (t *table) partitioner(sub int) kgo.Opt {
	switch t.partitioning {
	case "fixed":
		return kgo.RecordPartitioner(kgo.BasicConsistentPartitioner(func(string) func(*kgo.Record, int) int {
			return func(_ *kgo.Record, n int) int { return sub % n }
		}))
	case "round-robin":
		return kgo.RecordPartitioner(kgo.RoundRobinPartitioner())
	}
	return kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil))
}

// meet finds out whether the brokers answer and have the topic that is written.
func (t *table) meet(ctx context.Context) error {
	client, err := t.asker()
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	defer client.Close()
	details, err := t.describe(ctx, kadm.NewClient(client))
	if err != nil {
		return fmt.Errorf("kafka: topic %s: %w", t.topics[0], t.problem(err))
	}
	if err := details[t.topics[0]].Err; err != nil {
		return fmt.Errorf("kafka: topic %s: %w", t.topics[0], t.explained(err))
	}
	return nil
}

// explained adds what to do about an error of a write.
func (t *table) explained(err error) error {
	switch {
	case errors.Is(err, kerr.MessageTooLarge):
		return &dataflow.RowError{Err: fmt.Errorf("a record is larger than the broker takes; raise 'properties.max.request.size' and the topic's max.message.bytes: %w", err)}
	case errors.Is(err, kerr.UnknownTopicOrPartition), errors.Is(err, kerr.UnknownTopicID):
		return fmt.Errorf("the topic does not exist; create it: %w", err)
	case errors.Is(err, kerr.InvalidTransactionTimeout):
		return fmt.Errorf("'properties.transaction.timeout.ms' is above the brokers' transaction.max.timeout.ms: %w", err)
	case errors.Is(err, kerr.InvalidProducerEpoch), errors.Is(err, kerr.ProducerFenced):
		return fmt.Errorf("the brokers aborted the transaction, as it took too long or another job uses its 'sink.transactional-id-prefix': %w", err)
	}
	return t.problem(err)
}
