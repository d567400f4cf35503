package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/anabranch/anabranch/dataflow"
)

// ending is a transaction that is to be committed.
type ending struct {
	transaction
	client *kgo.Client
	asked  bool        // the brokers were asked to end it and have said that they do
	broken atomic.Bool // a connection to them has ended meanwhile
}

var (
	_ kgo.HookBrokerConnect    = (*ending)(nil)
	_ kgo.HookBrokerDisconnect = (*ending)(nil)
)

// OnBrokerConnect notes that a broker is away.
func (e *ending) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err != nil {
		e.broken.Store(true)
	}
}

// OnBrokerDisconnect notes that a broker goes away.
func (e *ending) OnBrokerDisconnect(kgo.BrokerMetadata, net.Conn) { e.broken.Store(true) }

// try tries to end the transaction, unless it is committed; ConcurrentTransactions asks to look again.
func (e *ending) try(ctx context.Context) error {
	described, err := kadm.NewClient(e.client).DescribeTransactions(ctx, e.ID)
	if err != nil {
		return err
	}
	d := described[e.ID]
	if errors.Is(d.Err, kerr.TransactionalIDNotFound) {
		return lost(e.transaction, "the brokers do not know it any more")
	} else if d.Err != nil {
		return d.Err
	}
	same := d.ProducerID == e.ProducerID && d.ProducerEpoch == e.ProducerEpoch
	switch {
	case same && d.State == "CompleteCommit" && e.asked && !e.broken.Load():
		return nil
	case same && d.State == "CompleteCommit":
		return e.mark(ctx)
	case same && d.State == "PrepareCommit":
		return kerr.ConcurrentTransactions
	case !same || d.State != "Ongoing":
		return lost(e.transaction, "it is in the state "+d.State+" of producer epoch "+fmt.Sprint(d.ProducerEpoch))
	}
	req := kmsg.NewPtrEndTxnRequest()
	req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Commit = e.ID, e.ProducerID, e.ProducerEpoch, true
	res, err := req.RequestWith(ctx, e.client)
	if err != nil {
		return err
	}
	if err := kerr.ErrorForCode(res.ErrorCode); err != nil {
		return err
	}
	e.asked = true
	return kerr.ConcurrentTransactions // until it says CompleteCommit
}

// mark ends a committed transaction in partitions where it is still open. A broker that has just started takes a
// partition that has no leader yet for one that was deleted (so does Kafka 4.4.0): it says that a transaction is complete
// which it has not ended there, and nobody who reads committed records comes past it. The coordinator has decided, so
// a marker from here says what its own would (KIP-664).
func (e *ending) mark(ctx context.Context) error {
	admin := kadm.NewClient(e.client)
	described, err := admin.DescribeProducers(ctx, kadm.TopicsSet{e.Topic: nil})
	open := kadm.TopicsSet{}
	coordinator := int32(0)
	described.EachPartition(func(p kadm.DescribedProducersPartition) {
		err = errors.Join(err, p.Err)
		if o, ok := p.ActiveProducers[e.ProducerID]; ok && o.ProducerEpoch == e.ProducerEpoch && o.CurrentTxnStartOffset >= 0 {
			open.Add(p.Topic, p.Partition)
			coordinator = max(coordinator, o.CoordinatorEpoch)
		}
	})
	switch {
	case errors.Is(err, kerr.TopicAuthorizationFailed):
		return nil // to look takes the right to read: the coordinator's word has to do
	case err != nil || len(open) == 0:
		return err
	}
	slog.WarnContext(ctx, "the brokers have committed a transaction and not ended it in all partitions; it is ended there now", "transaction", e.ID, "partitions", fmt.Sprint(open.Sorted()))
	written, err := admin.WriteTxnMarkers(ctx, kadm.TxnMarkers{
		ProducerID: e.ProducerID, ProducerEpoch: e.ProducerEpoch, Commit: true, CoordinatorEpoch: coordinator, Topics: open,
	})
	written.EachPartition(func(p kadm.TxnMarkersPartitionResponse) { err = errors.Join(err, p.Err) })
	if errors.Is(err, kerr.ClusterAuthorizationFailed) {
		return &dataflow.RowError{Err: fmt.Errorf("the brokers have committed it and not ended it in %v, where readers of committed records wait; "+
			"ending it there takes the right ClusterAction: %w", open.Sorted(), err)}
	}
	return err
}

// lost says that a transaction cannot be committed any more, whenever the job starts again.
func lost(t transaction, why string) error {
	return &dataflow.RowError{Err: fmt.Errorf("the rows of epoch %d are lost: the brokers have aborted their transaction (%s); "+
		"raise 'properties.transaction.timeout.ms' above the longest time a job may be down, and start from an older checkpoint or anew", t.Epoch, why)}
}
