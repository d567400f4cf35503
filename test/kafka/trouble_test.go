package kafka

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/test/services"
)

// TestTrouble says in one line what to do about what goes wrong at the brokers, or goes on.
func TestTrouble(t *testing.T) {
	k := services.StartKafka(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("start", func(t *testing.T) { testBadStart(t, k) })
	t.Run("write", func(t *testing.T) { testBadWrite(t, k) })
	t.Run("deleted topic", func(t *testing.T) { testDeletedTopic(t, k) })
	t.Run("restarted broker", func(t *testing.T) { testRestartedBroker(t, k) })
}

// wantLine wants an error of one line.
func wantLine(t *testing.T, what string, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) || strings.ContainsRune(err.Error(), '\n') {
		t.Errorf("%s: got %v\nwant in one line %s", what, err, want)
	}
}

// testBadStart begins where there is nothing.
func testBadStart(t *testing.T, k *services.Kafka) {
	c := topic(t, k, "short", 2)
	for i := range 10 {
		produce(t, c, &kgo.Record{Topic: "short", Partition: int32(i % 2), Value: fmt.Append(nil, i)})
	}
	if _, err := admin(t, k).DeleteRecords(t.Context(), offsetsOf("short", 0, 2)); err != nil {
		t.Fatal(err)
	}
	if err := admin(t, k).CommitAllOffsets(t.Context(), "late", offsetsOf("short", 0, 1, 1, 3)); err != nil {
		t.Fatal(err)
	}
	read := func(options string) ([]string, error) {
		return run(t.Context(), t, 2, create(k, "short", "i BIGINT", "'format' = 'csv', "+options)+"SELECT count(*) FROM short")
	}
	const bounded, specific = "'scan.bounded.mode' = 'latest-offset'", "'scan.startup.mode' = 'specific-offsets', 'scan.startup.specific-offsets' = "
	const late = "'properties.group.id' = 'late'"
	for _, b := range []string{bounded, "'scan.topic-partition-discovery.interval' = '0 s'"} {
		for options, want := range map[string]string{
			specific + "'partition:0,offset:2;partition:1,offset:6'":                      "topic short, partition 1: offset 6 is not there; there are 0 to 5",
			specific + "'partition:0,offset:1;partition:1,offset:0'":                      "topic short, partition 0: offset 1 is not there; there are 2 to 5",
			specific + "'partition:0,offset:2;partition:1,offset:0;partition:7,offset:0'": "partition 7 of 'scan.startup.specific-offsets' is not there",
			specific + "'partition:0,offset:2'":                                           "partition 1: the specific offsets do not name it",
			late:                                                                          "topic short, partition 0: offset 1 is not there; there are 2 to 5",
		} {
			_, err := read(options + ", " + b)
			wantLine(t, options, err, want)
			if row := new(dataflow.RowError); !errors.As(err, &row) {
				t.Errorf("%s: the job starts again and fails again", options)
			}
		}
	}
	for options, want := range map[string]string{
		specific + "'partition:0,offset:2;partition:1,offset:5'":                               "3",
		"'scan.startup.mode' = 'timestamp', 'scan.startup.timestamp-millis' = '4000000000000'": "0",
		late + ", 'properties.auto.offset.reset' = 'earliest'":                                 "5",
		late + ", 'properties.auto.offset.reset' = 'latest'":                                   "2",
	} {
		if rows, err := read(options + ", " + bounded); err != nil || len(rows) != 1 || rows[0] != want {
			t.Errorf("%s: %q, %v, want %s", options, rows, err, want)
		}
	}
}

// testBadWrite writes what the brokers do not take.
func testBadWrite(t *testing.T, k *services.Kafka) {
	topic(t, k, "small", 1)
	write := func(k *services.Kafka, name, options, value string) error {
		for _, once := range []string{"", ", 'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'small'"} {
			if _, err := run(t.Context(), t, 1, create(k, name, "s STRING", "'format' = 'raw'"+options+once)+"INSERT INTO "+name+" VALUES ("+value+")"); err != nil {
				return err
			}
		}
		return nil
	}
	large := "'" + strings.Repeat("x", 2_000_000) + "'"
	err := write(k, "small", "", large)
	wantLine(t, "too large for the client", err, "topic small: a record is larger than the broker takes; raise 'properties.max.request.size' and the topic's max.message.bytes")
	if row := new(dataflow.RowError); !errors.As(err, &row) {
		t.Error("the job starts again and fails at the same record")
	}
	wantLine(t, "too large for the broker", write(k, "small", ", 'properties.max.request.size' = '5000000'", large), "topic small: a record is larger than the broker takes; raise")
	wantLine(t, "no topic", write(k, "nowhere", "", "'x'"), "topic nowhere: the topic does not exist; create it")
	wantLine(t, "no broker", write(&services.Kafka{Addr: "127.0.0.1:1"}, "small", "", "'x'"), "topic small: no broker answers at 127.0.0.1:1; check 'properties.bootstrap.servers'")
	wantLine(t, "long transactions", write(k, "small", ", 'properties.transaction.timeout.ms' = '100000000'", "'x'"), "is above the brokers' transaction.max.timeout.ms")
	if err := write(k, "small", "", "'x'"); err != nil {
		t.Error(err)
	}
}

// testDeletedTopic deletes the topic that a job reads, and that it writes.
func testDeletedTopic(t *testing.T, k *services.Kafka) {
	c := topic(t, k, "kept", 1)
	topic(t, k, "written", 1)
	ended := endlessly(t, create(k, "kept", "i BIGINT", "'format' = 'csv', 'scan.startup.mode' = 'earliest-offset'")+
		create(k, "written", "i BIGINT", "'format' = 'csv', 'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'written'")+
		"INSERT INTO written SELECT i FROM kept", func() {
		if _, err := admin(t, k).DeleteTopic(t.Context(), "written"); err != nil {
			t.Error(err)
		}
	}, func() { produce(t, c, &kgo.Record{Topic: "kept", Value: []byte("1")}) })
	wantLine(t, "written", ended, "topic written: the topic does not exist; create it")
	topic(t, k, "read", 1)
	ended = endlessly(t, create(k, "read", "i BIGINT", "'format' = 'csv', 'scan.startup.mode' = 'earliest-offset'")+
		"CREATE TABLE sink (i BIGINT) WITH ('connector' = 'blackhole');\nINSERT INTO sink SELECT i FROM read", func() {
		if _, err := admin(t, k).DeleteTopic(t.Context(), "read"); err != nil {
			t.Error(err)
		}
	}, func() {})
	wantLine(t, "read", ended, "topic read, partition 0: the topic was deleted")
}

// endlessly runs a job with checkpoints, does something once the first is complete, and goes on doing something
// else until the job ends.
func endlessly(t *testing.T, sql string, once, again func()) error {
	t.Helper()
	first, ended := make(chan struct{}, 1), make(chan error, 1)
	j := newEndless(t, sql)
	go func() {
		ended <- j.run(t.Context(), 1, nil, func() {
			select {
			case first <- struct{}{}:
			default: // it is known
			}
		})
	}()
	again()
	select {
	case <-first:
	case err := <-ended:
		return err
	}
	once()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case err := <-ended:
			return err
		case <-time.After(50 * time.Millisecond):
			again()
		case <-deadline:
			return fmt.Errorf("the job did not end")
		}
	}
}

// testRestartedBroker kills the broker under a job from topic to topic and starts it again: the job goes on and
// passes every record on once.
func testRestartedBroker(t *testing.T, k *services.Kafka) {
	c := topic(t, k, "before", 3)
	topic(t, k, "after", 2)
	n := 0
	write := func(records int) {
		for range records {
			produce(t, c, &kgo.Record{Topic: "before", Partition: int32(n % 3), Value: fmt.Append(nil, n)})
			n++
		}
	}
	j := newEndless(t, create(k, "before", "i BIGINT", "'format' = 'csv', 'properties.group.id' = 'restarted', 'properties.auto.offset.reset' = 'earliest'")+
		create(k, "after", "i BIGINT", "'format' = 'csv', 'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'restarted'")+
		"INSERT INTO after SELECT i FROM before")
	passed := func() map[string]int {
		counts := map[string]int{}
		for _, r := range committedRecords(t, k, "after") {
			counts[string(r.Value)]++
		}
		return counts
	}
	write(300)
	epochs := 0
	j.runUntil(2, func() bool {
		if epochs++; epochs == 3 {
			write(100)
			k.Stop()
			k.Start()
			write(100)
		}
		return epochs > 5 && len(passed()) == n
	})
	for value, count := range passed() {
		if count != 1 {
			t.Errorf("%s is there %d times", value, count)
		}
	}
}

// offsetsOf are offsets by partition: a partition, its offset, and so on.
func offsetsOf(name string, pairs ...int64) kadm.Offsets {
	var o kadm.Offsets
	for i := 0; i < len(pairs); i += 2 {
		o.AddOffset(name, int32(pairs[i]), pairs[i+1], -1)
	}
	return o
}
