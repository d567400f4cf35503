package kafka

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/io/kafka"
	"github.com/anabranch/anabranch/test/services"
)

// writer is a sink that writes exactly once, and its committer.
type writer struct {
	t    *testing.T
	k    *services.Kafka
	spec *catalog.TableSpec
	sink dataflow.Operator
	dataflow.Committer
	epoch dataflow.Epoch
}

const owner = "owner"

func newWriter(t *testing.T, k *services.Kafka, name string) *writer {
	t.Helper()
	topic(t, k, name, 1)
	s := columnar.NewSchema(columnar.Field{Name: "i", Type: columnar.TypeBigInt})
	w := &writer{t: t, k: k, spec: &catalog.TableSpec{Name: name, Connector: "kafka", Schema: s, Options: map[string]string{
		"connector": "kafka", "topic": name, "properties.bootstrap.servers": k.Addr, "format": "json",
		"sink.delivery-guarantee": "exactly-once", "sink.transactional-id-prefix": name,
	}}}
	var err error
	if w.Committer, err = (kafka.Connector{}).Committer(w.spec); err != nil {
		t.Fatal(err)
	}
	w.open()
	return w
}

// open makes the sink, as a new start of the job does.
func (w *writer) open() {
	w.t.Helper()
	sink, err := (kafka.Connector{}).Sink(w.spec)
	if err != nil {
		w.t.Fatal(err)
	}
	w.sink = sink
	w.t.Cleanup(func() {
		if err := sink.Close(); err != nil {
			w.t.Error(err)
		}
	})
	ctx := &dataflow.Context{Name: "sink", Owner: owner, Parallelism: 1, Checkpoints: true, Inputs: []*columnar.Schema{w.spec.Schema}, Env: &expr.Env{}}
	if err := w.sink.(dataflow.Opener).Open(ctx); err != nil {
		w.t.Fatal(err)
	}
}

// prepare writes a number in an epoch of its own.
func (w *writer) prepare(i int64) []byte {
	w.t.Helper()
	b := columnar.NewBatch(w.spec.Schema)
	defer b.Release()
	b.Reset(1)
	columnar.Values[int64](b.Cols[0])[0] = i
	b.SetLen(1)
	if _, err := w.sink.Process(0, b, nil); err != nil {
		w.t.Fatal(err)
	}
	w.epoch++
	list, err := w.sink.(dataflow.Committing).Prepare(w.epoch, false)
	if err != nil || len(list) != 1 {
		w.t.Fatalf("%d committables, %v", len(list), err)
	}
	return list[0].Data
}

func (w *writer) commit(data []byte) {
	w.t.Helper()
	if err := w.Commit(w.t.Context(), data); err != nil {
		w.t.Fatal(err)
	}
}

// want compares what a reader of committed records sees.
func (w *writer) want(want string) {
	w.t.Helper()
	rows, err := run(w.t.Context(), w.t, 1, create(w.k, w.spec.Name, "i BIGINT", "'format' = 'json', 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'")+"SELECT i FROM "+w.spec.Name)
	if got := fmt.Sprint(rows); err != nil || got != want {
		w.t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// testTransactions plays what a job that is restored does.
func testTransactions(t *testing.T, k *services.Kafka) {
	w := newWriter(t, k, "once")
	one, two := w.prepare(1), w.prepare(2)
	w.want("[]")
	w.commit(one)
	w.commit(one) // a restore repeated is harmless
	w.want("[1]")
	three := w.prepare(3)
	// Restored from the checkpoint of two: it is ended first, then what came after is aborted.
	w.open()
	w.commit(two)
	for range 2 {
		if err := w.Recover(t.Context(), owner, [][]byte{two}); err != nil {
			t.Fatal(err)
		}
	}
	w.commit(w.prepare(4))
	w.commit(one)
	w.commit(two)
	w.want("[1 2 4]")
	err := w.Commit(t.Context(), three)
	if want := "topic once, transaction "; err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "the rows of epoch 3 are lost") {
		t.Errorf("an aborted transaction: %v", err)
	}
	w.want("[1 2 4]")
}

// testProtocol looks at what the brokers know of transactions: those of a restored checkpoint end by the producer
// and epoch that it tells, which a new producer of their id would have raised; later ones are given to one.
func testProtocol(t *testing.T, k *services.Kafka) {
	w := newWriter(t, k, "protocol")
	type prepared struct {
		ID            string
		ProducerID    int64
		ProducerEpoch int16
		Version       int
		Epoch         int
		Topic         string
	}
	var list [3]prepared // the first committed, the second to be restored, the third after the checkpoint
	var data [3][]byte
	for i := range list {
		data[i] = w.prepare(int64(i))
		if err := json.Unmarshal(data[i], &list[i]); err != nil {
			t.Fatal(err)
		}
		if p := list[i]; p.ID == "" || p.ProducerID < 0 || p.ProducerEpoch < 0 || p.Version != 1 || p.Epoch != i+1 || p.Topic != "protocol" {
			t.Errorf("the snapshot has %s", data[i])
		}
	}
	c := admin(t, k)
	want := func(p prepared, state string, raised bool) {
		t.Helper()
		described, err := c.DescribeTransactions(t.Context(), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		d := described[p.ID]
		if d.State != state || d.ProducerID != p.ProducerID || (d.ProducerEpoch != p.ProducerEpoch) != raised {
			t.Errorf("%s is in state %s of producer %d, epoch %d; want %s of %d, %d, raised: %t", p.ID, d.State, d.ProducerID, d.ProducerEpoch, state, p.ProducerID, p.ProducerEpoch, raised)
		}
	}
	w.commit(data[0])
	want(list[0], "CompleteCommit", false)
	want(list[1], "Ongoing", false)
	for range 2 { // a restore repeated is harmless
		w.commit(data[1])
		want(list[1], "CompleteCommit", false)
		if err := w.Recover(t.Context(), owner, [][]byte{data[1]}); err != nil {
			t.Fatal(err)
		}
		want(list[0], "CompleteCommit", false)
		want(list[1], "CompleteCommit", false)
		d, err := c.DescribeTransactions(t.Context(), list[2].ID)
		if err != nil {
			t.Fatal(err)
		}
		if s := d[list[2].ID].State; s == "Ongoing" || s == "CompleteCommit" || s == "PrepareCommit" {
			t.Errorf("the transaction after the checkpoint is in state %s", s)
		}
	}
	w.want("[0 1]")
}

// testTimedOut lets the broker abort a transaction that stays open too long.
func testTimedOut(t *testing.T, k *services.Kafka) {
	w := newWriter(t, k, "slow")
	w.spec.Options["properties.transaction.timeout.ms"] = "5000" // time enough to prepare it on a busy machine
	w.open()
	data := w.prepare(1)
	var x struct{ ID string }
	if err := json.Unmarshal(data, &x); err != nil {
		t.Fatal(err)
	}
	c := admin(t, k)
	until(t, "the broker, which looks every 10 s, has aborted it", func() bool {
		described, err := c.DescribeTransactions(t.Context(), x.ID)
		if err != nil {
			t.Fatal(err)
		}
		return described[x.ID].State == "CompleteAbort"
	})
	err := w.Commit(t.Context(), data)
	if err == nil || !strings.Contains(err.Error(), "the rows of epoch 1 are lost") || !strings.Contains(err.Error(), "transaction.timeout.ms") {
		t.Errorf("a transaction that timed out: %v", err)
	}
	if row := new(dataflow.RowError); !errors.As(err, &row) {
		t.Error("the job starts again, which does not bring the rows back")
	}
	w.want("[]")
}

// testOtherOwners leaves the transactions of others alone.
func testOtherOwners(t *testing.T, k *services.Kafka) {
	w := newWriter(t, k, "shared")
	data := w.prepare(1)
	if err := w.Recover(t.Context(), "own", nil); err != nil { // begins like the owner's name
		t.Fatal(err)
	}
	w.commit(data)
	w.want("[1]")
}

// testUnmarked commits a transaction that is complete but open in a partition, as a broker that starts again can leave
// one: here by a record that is written when it has ended, which the broker is made to take.
func testUnmarked(t *testing.T, k *services.Kafka) {
	w := newWriter(t, k, "unmarked")
	verify := func(on string) {
		t.Helper()
		set := []kadm.AlterConfig{{Name: "transaction.partition.verification.enable", Value: &on}}
		done, err := admin(t, k).AlterBrokerConfigs(t.Context(), set)
		if err == nil && len(done) > 0 {
			err = done[0].Err
		}
		if err != nil {
			t.Fatal(err)
		}
		until(t, "the broker verifies: "+on, func() bool {
			described, err := admin(t, k).DescribeBrokerConfigs(t.Context(), 1)
			return err == nil && len(described) == 1 && slices.ContainsFunc(described[0].Configs, func(c kadm.Config) bool {
				return c.Key == set[0].Name && c.MaybeValue() == on
			})
		})
	}
	verify("false")
	defer verify("true")
	// Before the second version of the protocol, like the sink: later a transaction's end raises the epoch.
	v := kversion.Stable()
	v.SetMaxKeyVersion(0, 11)
	v.SetMaxKeyVersion(26, 4)
	c, err := kgo.NewClient(kgo.SeedBrokers(k.Addr), kgo.TransactionalID("unmarked"), kgo.MaxVersions(v), kgo.DefaultProduceTopic("unmarked"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		t.Helper()
		produce(t, c, &kgo.Record{Value: []byte(text)})
	}
	write(`{"i":1}`)
	id, epoch, err := c.ProducerID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	data := fmt.Appendf(nil, `{"id":"unmarked","producerId":%d,"producerEpoch":%d,"version":1,"epoch":1,"topic":"unmarked"}`, id, epoch)
	w.commit(data)
	w.want("[1]")
	write(`{"i":2}`)
	w.commit(w.prepare(3))
	w.want("[1]")
	for range 2 {
		w.commit(data)
		w.want("[1 2 3]")
	}
}
