package kafka

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/internal/clock"
)

// committer ends the transactions of complete epochs.
type committer struct{ table *table }

var _ dataflow.Committer = (*committer)(nil)

// Committer makes the committer of a table, nil unless it is written exactly once.
func (c Connector) Committer(spec *catalog.TableSpec) (dataflow.Committer, error) {
	return newCommitter(c, spec)
}

func newCommitter(c catalog.Connector, spec *catalog.TableSpec) (dataflow.Committer, error) {
	t, g, err := sinkTable(c, spec)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", spec.Name, err)
	}
	if g != exactlyOnce {
		return nil, nil
	}
	return &committer{t}, nil
}

func (c *committer) client(more ...kgo.Opt) (*kgo.Client, error) {
	options := append(slices.Clone(c.table.client), kgo.MaxVersions(versions()), kgo.AlwaysRetryEOF())
	return kgo.NewClient(append(options, more...)...)
}

// commitMax is how long a commit is tried.
const commitMax = time.Minute

// Commit ends a transaction, unless that was done. When it returns, whoever reads committed records sees
// the transaction's: brokers answer the request to end one before they have marked it in the partitions.
func (c *committer) Commit(ctx context.Context, data []byte) error {
	var t transaction
	if err := json.Unmarshal(data, &t); err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	e := &ending{transaction: t}
	client, err := c.client(kgo.WithHooks(e))
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	defer client.Close()
	e.client = client
	ctx, cancel := context.WithTimeout(ctx, commitMax)
	defer cancel()
	if err := untilDone(ctx, func() error { return e.try(ctx) }); err != nil {
		return fmt.Errorf("kafka: topic %s, transaction %s: %w", t.Topic, t.ID, c.table.problem(err))
	}
	return nil
}

// untilDone tries again, ever less often, while the brokers ask for it or are away; ctx ends it with the last error.
func untilDone(ctx context.Context, try func() error) error {
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		err := try()
		if err == nil || !kerr.IsRetriable(err) && !errors.Is(err, kerr.ConcurrentTransactions) && !away(err) {
			return err
		}
		if clock.Pause(ctx, pause) != nil {
			return err
		}
	}
}

// Recover aborts the transactions of the owner that no checkpoint knows.
func (c *committer) Recover(ctx context.Context, owner string, keep [][]byte) error {
	kept := map[string]bool{}
	for _, data := range keep {
		var t transaction
		if err := json.Unmarshal(data, &t); err != nil {
			return fmt.Errorf("kafka: %w", err)
		}
		kept[t.ID] = true
	}
	client, err := c.client()
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, commitMax)
	defer cancel()
	listed, err := kadm.NewClient(client).ListTransactions(ctx, nil, []string{"Ongoing"})
	if err != nil {
		return fmt.Errorf("kafka: transactions that were left open: %w", c.table.problem(err))
	}
	for id := range listed {
		if strings.HasPrefix(id, idPrefix(c.table, owner)+"-") && !kept[id] {
			if err := abort(ctx, client, id); err != nil {
				return fmt.Errorf("kafka: abort of transaction %s: %w", id, c.table.problem(err))
			}
		}
	}
	return nil
}

// abort ends a transaction by giving its id to a new producer, which fences the old one.
func abort(ctx context.Context, client *kgo.Client, id string) error {
	return untilDone(ctx, func() error {
		req := kmsg.NewPtrInitProducerIDRequest()
		req.TransactionalID, req.TransactionTimeoutMillis = &id, 60_000
		req.ProducerID, req.ProducerEpoch = -1, -1
		res, err := req.RequestWith(ctx, client)
		if err != nil {
			return err
		}
		return kerr.ErrorForCode(res.ErrorCode)
	})
}
