package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/anabranch/anabranch/builtin"
	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/scheduler"
	"github.com/anabranch/anabranch/sql/parser"
	"github.com/anabranch/anabranch/sql/session"
	"github.com/anabranch/anabranch/test/services"
)

// endless is a job of an INSERT that takes checkpoints, stops and goes on from where it was.
type endless struct {
	t     *testing.T
	sql   string
	store *checkpoint.Store
}

func newEndless(t *testing.T, sql string) *endless {
	t.Helper()
	store, err := checkpoint.Open(t.TempDir(), "job")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return &endless{t, sql, store}
}

// run runs the job until it ends; completed is told of its checkpoints.
func (j *endless) run(ctx context.Context, parallelism int, stop <-chan struct{}, completed func()) error {
	s := session.New(builtin.Connectors())
	statements, err := parser.Parse(j.sql)
	if err != nil {
		return err
	}
	for _, st := range statements[:len(statements)-1] {
		if _, err := s.Apply(st, j.sql); err != nil {
			return err
		}
	}
	p, err := s.Plan(statements[len(statements)-1], j.sql)
	if err != nil {
		return err
	}
	opts := scheduler.Options{
		Parallelism: parallelism, Connectors: s.Registry, Env: &expr.Env{Location: time.UTC}, Stop: stop,
		Checkpoint: &scheduler.Checkpointing{Store: j.store, Interval: 50 * time.Millisecond, Completed: func(scheduler.Completed) { completed() }},
		Tick: func(d time.Duration) (<-chan time.Time, func()) {
			ticker := time.NewTicker(d)
			return ticker.C, ticker.Stop
		},
	}
	newest, err := j.store.Newest()
	if err == nil && newest > 0 {
		opts.Restore, err = j.store.Read(newest)
	}
	if err != nil {
		return err
	}
	return scheduler.Run(ctx, p.Job, opts)
}

// runUntil runs the job until a checkpoint is complete after which done holds.
func (j *endless) runUntil(parallelism int, done func() bool) {
	j.t.Helper()
	stop, complete, ended := make(chan struct{}), make(chan struct{}, 1), make(chan error, 1)
	ctx, cancel := context.WithCancel(j.t.Context())
	defer cancel()
	go func() {
		ended <- j.run(ctx, parallelism, stop, func() {
			select {
			case complete <- struct{}{}:
			default: // one is looked at
			}
		})
	}()
	deadline := time.After(90 * time.Second)
	for came := false; !came; {
		select {
		case <-complete:
			came = done()
		case err := <-ended:
			j.t.Fatalf("the job ended: %v", err)
		case <-deadline:
			cancel()
			j.t.Fatalf("the job did not come as far as it had to: %v", <-ended)
		}
	}
	close(stop)
	if err := <-ended; !errors.Is(err, scheduler.ErrStopped) {
		j.t.Fatalf("the job is not stopped: %v", err)
	}
}

// committed are the offsets of a group, as partition=offset.
func committed(t *testing.T, c *kadm.Client, group string) string {
	t.Helper()
	offsets, err := c.FetchOffsets(t.Context(), group)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	offsets.Each(func(o kadm.OffsetResponse) { list = append(list, fmt.Sprintf("%d=%d", o.Partition, o.At)) })
	slices.Sort(list)
	return strings.Join(list, " ")
}

// testGroup starts a job where its group stands and tells the group what its checkpoints have read.
func testGroup(t *testing.T, k *services.Kafka) {
	c := topic(t, k, "grouped", 2)
	write := func(values ...string) {
		for i, v := range values {
			produce(t, c, &kgo.Record{Topic: "grouped", Partition: int32(i % 2), Value: []byte(v)})
		}
	}
	write("1", "2", "x", "3", "4")
	control, dir := admin(t, k), t.TempDir()
	options := "'format' = 'csv', 'properties.group.id' = 'readers', 'on-error' = 'dead-letter', 'on-error.dead-letter.path' = '" + dir + "'"
	_, err := run(t.Context(), t, 1, create(k, "grouped", "i BIGINT", options)+"INSERT INTO grouped SELECT i FROM grouped LIMIT 1")
	if want := "the group has committed no offset; set 'properties.auto.offset.reset' to 'earliest' or 'latest'"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	sink := "CREATE TABLE sink (i BIGINT) WITH ('connector' = 'blackhole');\nINSERT INTO sink SELECT i FROM grouped"
	earliest := create(k, "grouped", "i BIGINT", options+", 'properties.auto.offset.reset' = 'earliest'") + sink
	j := newEndless(t, earliest)
	j.runUntil(2, func() bool { return committed(t, control, "readers") == "0=3 1=2" })
	// The group may be moved by others: the job goes on from its checkpoint.
	var moved kadm.Offsets
	moved.AddOffset("grouped", 0, 0, -1)
	if err := control.CommitAllOffsets(t.Context(), "readers", moved); err != nil {
		t.Fatal(err)
	}
	write("5", "y")
	j.runUntil(1, func() bool { return committed(t, control, "readers") == "0=4 1=3" })
	rows, err := run(t.Context(), t, 1, "SELECT `position`, text FROM '"+dir+"'")
	if want := []string{"1 | x", "2 | y"}; err != nil || !slices.Equal(rows, want) {
		t.Errorf("bad rows %q, %v, want %q", rows, err, want)
	}
	// A job without a checkpoint starts where the group stands, which is at the end of both partitions.
	write("6", "7", "8")
	bounded := create(k, "grouped", "i BIGINT", options+", 'scan.bounded.mode' = 'latest-offset'") + "SELECT i FROM grouped"
	rows, err = run(t.Context(), t, 2, bounded)
	if want := []string{"6", "7", "8"}; err != nil || !slices.Equal(rows, want) {
		t.Errorf("rows behind the group's offsets %q, %v, want %q", rows, err, want)
	}
	// Without checkpoints nothing is told.
	if got := committed(t, control, "readers"); got != "0=4 1=3" {
		t.Errorf("without checkpoints the group stands at %s", got)
	}
	testSilentGroup(t, k, control)
	testBusyGroup(t, k)
}

// testBusyGroup goes on where the group belongs to consumers of others, which refuses the offsets.
func testBusyGroup(t *testing.T, k *services.Kafka) {
	c, err := kgo.NewClient(kgo.SeedBrokers(k.Addr), kgo.ConsumerGroup("busy"), kgo.ConsumeTopics("grouped"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.PollFetches(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	sql := create(k, "grouped", "i BIGINT", "'format' = 'csv', 'properties.group.id' = 'busy', 'on-error' = 'skip', 'scan.startup.mode' = 'earliest-offset'") +
		"CREATE TABLE sink (i BIGINT) WITH ('connector' = 'blackhole');\nINSERT INTO sink SELECT i FROM grouped"
	epochs := 0
	newEndless(t, sql).runUntil(1, func() bool { epochs++; return epochs > 2 })
}

// testSilentGroup leaves a group alone that is not to be told.
func testSilentGroup(t *testing.T, k *services.Kafka, control *kadm.Client) {
	options := "'format' = 'csv', 'properties.group.id' = 'silent', 'csv.ignore-parse-errors' = 'true', 'properties.auto.offset.reset' = 'earliest', "
	sql := create(k, "grouped", "i BIGINT", options+"'properties.commit.offsets.on.checkpoint' = 'false'") +
		"CREATE TABLE sink (i BIGINT) WITH ('connector' = 'blackhole');\nINSERT INTO sink SELECT i FROM grouped"
	epochs := 0
	newEndless(t, sql).runUntil(1, func() bool { epochs++; return epochs > 2 })
	if got := committed(t, control, "silent"); got != "" {
		t.Errorf("a group that is not to be told stands at %s", got)
	}
}
