package kafka

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// guarantee is what a sink promises after a failure.
type guarantee string

const (
	exactlyOnce guarantee = "exactly-once"
	atLeastOnce guarantee = "at-least-once"
	noGuarantee guarantee = "none"
)

// sink writes the rows of one subtask to a topic. With exactly-once each epoch is a transaction of an
// id of its own: what is prepared is durable at the brokers but not seen by those who read committed
// records, until the committer ends it.
type sink struct {
	table     *table
	guarantee guarantee
	ctx       *dataflow.Context
	client    *kgo.Client
	run       string // tells the transactions of this run from those of others
	id        string // of the open transaction
	epoch     dataflow.Epoch
	encoder   encoder
	life      *lifetime // from the first rows on
	failed    atomic.Pointer[error]
}

var (
	_ dataflow.Operator   = (*sink)(nil)
	_ dataflow.Opener     = (*sink)(nil)
	_ dataflow.Committing = (*sink)(nil)
)

var (
	_ catalog.SinkConnector      = Connector{}
	_ catalog.CommitterConnector = Connector{}
)

// transaction is the committable. Version is that of the protocol it was written with, by which it is
// to be ended.
type transaction struct {
	ID            string         `json:"id"`
	ProducerID    int64          `json:"producerId"`
	ProducerEpoch int16          `json:"producerEpoch"`
	Version       int            `json:"version"`
	Epoch         dataflow.Epoch `json:"epoch"`
	Topic         string         `json:"topic"`
}

// transactionVersion is the version in which transactions are written: in it the producer's epoch
// stays as it is when a transaction ends, so that one can be ended twice.
const transactionVersion = 1

func versions() *kversion.Versions {
	v := kversion.Stable()
	v.SetMaxKeyVersion(0, 11) // Produce
	v.SetMaxKeyVersion(26, 4) // EndTxn
	return v
}

// Sink makes the operator that writes a topic.
func (c Connector) Sink(spec *catalog.TableSpec) (dataflow.Operator, error) { return newSink(c, spec) }

func newSink(c catalog.Connector, spec *catalog.TableSpec) (dataflow.Operator, error) {
	t, g, err := sinkTable(c, spec)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", spec.Name, err)
	}
	return &sink{table: t, guarantee: g}, nil
}

func sinkTable(c catalog.Connector, spec *catalog.TableSpec) (*table, guarantee, error) {
	t, err := newTable(c, spec)
	if err != nil {
		return nil, "", err
	}
	if len(t.topics) != 1 {
		return nil, "", errors.New("to write, the option 'topic' must name one topic")
	}
	o := spec.Options
	g := guarantee(strings.ToLower(o["sink.delivery-guarantee"]))
	switch g {
	case "":
		g = atLeastOnce
	case exactlyOnce, atLeastOnce, noGuarantee:
	default:
		return nil, "", fmt.Errorf("option 'sink.delivery-guarantee' is '%s' (known: exactly-once, at-least-once, none)", g)
	}
	if g == exactlyOnce && o["sink.transactional-id-prefix"] == "" {
		return nil, "", errors.New("exactly-once needs the option 'sink.transactional-id-prefix', which no other job may use")
	}
	return t, g, t.writeOptions(o, g)
}

// Open begins to talk to the brokers.
func (s *sink) Open(ctx *dataflow.Context) (err error) {
	s.ctx = ctx
	if s.encoder, err = newEncoder(s.table); err != nil {
		return fmt.Errorf("table %s: %w", s.table.spec.Name, err)
	}
	if s.guarantee == exactlyOnce {
		var run [4]byte
		_, err := rand.Read(run[:])
		s.run = hex.EncodeToString(run[:])
		return err
	}
	s.client, err = s.newClient()
	return err
}

func (s *sink) newClient(more ...kgo.Opt) (*kgo.Client, error) {
	options := append(slices.Clone(s.table.client), kgo.DefaultProduceTopic(s.table.topics[0]), kgo.MaxVersions(versions()), kgo.UnknownTopicRetries(3))
	// A connection that is closed at once is not one of the wrong kind, which meet has found out, but of a broker
	// that ends or begins.
	options = append(options, s.table.partitioner(s.ctx.Subtask), kgo.AlwaysRetryEOF())
	c, err := kgo.NewClient(append(options, more...)...)
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	return c, nil
}

// begin starts the transaction of the current epoch, if there is none.
func (s *sink) begin() error {
	if s.client != nil {
		return nil
	}
	s.id = fmt.Sprintf("%s-%s-%d-%d", idPrefix(s.table, s.ctx.Owner), s.run, s.ctx.Subtask, s.epoch)
	// The client takes no context for what it asks here, and it outlives this call.
	ctx, cancel := context.WithCancel(context.Background())
	defer context.AfterFunc(s.life, cancel)()
	c, err := s.newClient(kgo.TransactionalID(s.id), kgo.TransactionTimeout(s.table.transactionMax), kgo.WithContext(ctx))
	if err != nil {
		return err
	}
	if err := c.BeginTransaction(); err != nil {
		c.Close()
		return s.told(s.wrap(s.table.explained(err)))
	}
	s.client = c
	return nil
}

// meet asks for the topic before the first rows are written, so that what is wrong with the connection is
// told at once and not after all tries of a write.
func (s *sink) meet() error {
	if s.life != nil {
		return nil
	}
	s.life = startLifetime(s.ctx.Canceled)
	ctx, cancel := context.WithTimeout(s.life, answerMax)
	defer cancel()
	return s.told(s.table.meet(ctx))
}

// told is an error of the brokers, unless the job is canceled and therefore nobody waits for them.
func (s *sink) told(err error) error {
	if err != nil && s.life.Err() != nil {
		return dataflow.ErrCanceled
	}
	return err
}

// idPrefix begins the ids of all transactions of a sink.
func idPrefix(t *table, owner string) string {
	return t.spec.Options["sink.transactional-id-prefix"] + "-" + owner
}

func (s *sink) wrap(err error) error {
	return fmt.Errorf("kafka: topic %s: %w", s.table.topics[0], err)
}

// Process writes the live rows of b.
func (s *sink) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	if b.Live() == 0 {
		return dataflow.Done, nil // a transaction without records cannot be committed
	}
	if err := s.failed.Load(); err != nil {
		return dataflow.Done, *err
	}
	if err := s.meet(); err != nil {
		return dataflow.Done, err
	}
	if err := s.begin(); err != nil {
		return dataflow.Done, err
	}
	records, err := s.encoder.records(b)
	if err != nil {
		return dataflow.Done, s.wrap(err)
	}
	setMetadata(s.table, b, records)
	if s.table.upsert {
		if records, err = newest(b, records); err != nil {
			return dataflow.Done, s.wrap(err)
		}
	}
	for i := range records {
		if i%256 == 0 && s.life.Err() != nil {
			return dataflow.Done, dataflow.ErrCanceled
		}
		s.client.Produce(s.life, &records[i], s.note) // waits while too many are on their way
	}
	return dataflow.Done, s.told(s.life.Err())
}

// note keeps the first failure. All that is on its way may fail with it.
func (s *sink) note(_ *kgo.Record, err error) {
	if err != nil && s.failed.Load() == nil {
		err = s.wrap(s.table.explained(err))
		s.failed.CompareAndSwap(nil, &err)
	}
}

// flushMax is how long the brokers may take to acknowledge what was written.
const flushMax = 2 * time.Minute

// Prepare waits until all rows are durable. With exactly-once they are seen once the epoch is complete.
func (s *sink) Prepare(epoch dataflow.Epoch, final bool) ([]dataflow.Committable, error) {
	s.epoch = epoch
	if s.client == nil || s.life == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(s.life, flushMax)
	defer cancel()
	if s.guarantee != noGuarantee || final {
		if err := s.client.Flush(ctx); err != nil {
			return nil, s.told(s.wrap(s.table.problem(err)))
		}
	}
	if err := s.failed.Load(); err != nil {
		return nil, s.told(*err)
	}
	if s.guarantee != exactlyOnce {
		return nil, nil
	}
	t := transaction{ID: s.id, Version: transactionVersion, Epoch: epoch, Topic: s.table.topics[0]}
	var err error
	if t.ProducerID, t.ProducerEpoch, err = s.client.ProducerID(ctx); err != nil {
		return nil, s.told(s.wrap(s.table.problem(err)))
	}
	s.client.Close() // the transaction stays open
	s.client = nil
	data, err := json.Marshal(t)
	return []dataflow.Committable{{Data: data}}, err
}

// closeMax is how long an abort may take when the sink is closed: whoever cancels a job waits for it.
const closeMax = 40 * time.Millisecond

// Close ends the connection. A transaction that was not prepared, and not aborted in the time there is, is
// aborted when the job is recovered, or by the brokers; without checkpoints the job aborts it when it has failed.
func (s *sink) Close() error {
	if s.life != nil {
		defer s.life.end()
	}
	if s.client == nil {
		return nil
	}
	if s.guarantee == exactlyOnce && s.ctx.Checkpoints {
		ctx, cancel := context.WithTimeout(context.Background(), closeMax)
		defer cancel()
		_ = s.client.AbortBufferedRecords(ctx)         // the job fails or is recovered anyway
		_ = s.client.EndTransaction(ctx, kgo.TryAbort) // see above
	}
	s.client.Close()
	s.client = nil
	return nil
}
