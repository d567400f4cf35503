//go:build unix

package chaos

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/test/services"
)

var (
	kafkaKills   = flag.Int("kafka-kills", 6, "how many processes that read and write Kafka to kill")
	kafkaRecords = flag.Int("kafka-records", 100_000, "how many records they pass on")

	upsertKills   = flag.Int("upsert-kills", 8, "how many processes that read and write tables of upserts to kill")
	upsertRecords = flag.Int("upsert-records", 50_000, "how many records they count")
)

// killPoint is when a process is killed.
type killPoint int

const (
	anyTime killPoint = iota
	uncommitted
	restoring
)

// kafkaRun is a job that passes the records of one topic on to another, exactly once.
type kafkaRun struct {
	t      *testing.T
	kafka  *services.Kafka
	binary string
	work   string
	job    string // its script is job.sql
	rng    *rand.Rand
	admin  *kadm.Client
	killed [3]int // by what the process was doing
}

const kafkaJob = `
SET 'execution.checkpointing.interval' = '100 ms';
CREATE TABLE source (i BIGINT, text STRING) WITH ('connector' = 'kafka', 'topic' = 'source', 'format' = 'json',
    'properties.bootstrap.servers' = '%[1]s', 'scan.startup.mode' = 'earliest-offset');
CREATE TABLE target (i BIGINT, n BIGINT) WITH ('connector' = 'kafka', 'topic' = 'target', 'format' = 'json',
    'properties.bootstrap.servers' = '%[1]s', 'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'chaos');
INSERT INTO target SELECT i, CHAR_LENGTH(text) FROM source;
`

// TestKilledJobsPassRecordsOnOnce kills a job from Kafka to Kafka again and again: at any time, between
// a checkpoint and the commit of its transactions, and while it is restored. The broker is killed too.
func TestKilledJobsPassRecordsOnOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for a minute")
	}
	k := services.StartKafka(t)
	r := &kafkaRun{t: t, kafka: k, work: t.TempDir(), job: "job", rng: rand.New(rand.NewPCG(*seed, 7))}
	client := r.prepare("source", "target")
	r.script(kafkaJob)
	produced := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { produced <- feed(ctx, client, "source", *kafkaRecords, *kafkaKills) }()
	for i := range *kafkaKills {
		point := []killPoint{uncommitted, anyTime, restoring, uncommitted, uncommitted}[i%5]
		if i == *kafkaKills/2 {
			r.restartBroker()
		}
		r.runKilled(point)
	}
	// On a machine under load some kills came too late for their point.
	want := *kafkaKills / 3
	for more := 0; more < *kafkaKills/2 && (r.killed[uncommitted] < want || r.killed[restoring] < 2); more++ {
		r.runKilled([]killPoint{uncommitted, restoring}[more%2])
	}
	if err := <-produced; err != nil {
		t.Fatal(err)
	}
	r.finish()
	r.verify()
	t.Logf("seed %d: killed %d at any time, %d between snapshot and commit, %d while restoring", *seed, r.killed[anyTime], r.killed[uncommitted], r.killed[restoring])
	if *kafkaKills >= 20 && (r.killed[uncommitted] < want || r.killed[restoring] < 2) {
		t.Errorf("want %d kills between snapshot and commit, and 2 while restoring", want)
	}
}

// prepare builds the binary and makes topics; the client writes to the partition that a record names.
func (r *kafkaRun) prepare(topics ...string) *kgo.Client {
	r.t.Helper()
	r.binary = build(r.t)
	client, err := kgo.NewClient(kgo.SeedBrokers(r.kafka.Addr), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.RecordRetries(100))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(client.Close)
	r.admin = kadm.NewClient(client)
	for _, topic := range topics {
		if _, err := r.admin.CreateTopic(r.t.Context(), 4, 1, nil, topic); err != nil {
			r.t.Fatal(err)
		}
	}
	return client
}

// script writes the job's script, in which %[1]s is the broker.
func (r *kafkaRun) script(text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.work, r.job+".sql"), fmt.Appendf(nil, text, r.kafka.Addr), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// feed writes the records over about a second for each kill.
func feed(ctx context.Context, c *kgo.Client, topic string, n, seconds int) error {
	const part = 1000
	pause := time.Duration(float64(time.Second) * float64(seconds) * part / float64(n))
	for from := 0; from < n; from += part {
		var records []*kgo.Record
		for i := from; i < min(from+part, n); i++ {
			records = append(records, &kgo.Record{Topic: topic, Partition: int32(i % 4), Value: fmt.Appendf(nil, `{"i": %d, "text": "%s"}`, i, strings.Repeat("x", i%50))})
		}
		if err := c.ProduceSync(ctx, records...).FirstErr(); err != nil {
			return err
		}
		time.Sleep(pause)
	}
	return nil
}

func (r *kafkaRun) start() (*exec.Cmd, io.Reader) {
	r.t.Helper()
	c := exec.CommandContext(r.t.Context(), r.binary, "run", r.job+".sql", "--resume", "--parallelism", fmt.Sprint(1+r.rng.IntN(3)))
	c.Dir = r.work
	log, err := c.StderrPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		r.t.Fatal(err)
	}
	return c, log
}

// newest is the newest complete checkpoint, 0 if there is none.
func (r *kafkaRun) newest() int {
	found, err := filepath.Glob(filepath.Join(r.work, ".anabranch", r.job, "chk-*", "metadata.json"))
	if err != nil {
		r.t.Fatal(err)
	}
	newest := 0
	for _, path := range found {
		var epoch int
		if _, err := fmt.Sscanf(filepath.Base(filepath.Dir(path)), "chk-%d", &epoch); err == nil {
			newest = max(newest, epoch)
		}
	}
	return newest
}

// runKilled starts the job and kills it at the wanted point.
func (r *kafkaRun) runKilled(point killPoint) {
	r.t.Helper()
	before := r.newest()
	c, log := r.start()
	lines := make(chan string, 100)
	go func() {
		for s := bufio.NewScanner(log); s.Scan(); {
			lines <- s.Text()
		}
		close(lines)
	}()
	deadline := time.After(time.Duration(100+r.rng.IntN(700)) * time.Millisecond)
	if point == uncommitted {
		deadline = time.After(5 * time.Second)
	}
	skip := 1 + r.rng.IntN(3) // checkpoints to let pass
	var all []string
wait:
	for {
		select {
		case <-deadline:
			point = anyTime
			break wait
		case line, ok := <-lines:
			if !ok {
				r.t.Fatalf("the job ended: %v\n%s", c.Wait(), strings.Join(all, "\n"))
			}
			all = append(all, line)
			if point == restoring && strings.Contains(line, "resuming from checkpoint") {
				time.Sleep(time.Duration(r.rng.IntN(3000)) * time.Microsecond)
				break wait
			}
		case <-time.After(200 * time.Microsecond):
			if n := r.newest(); point == uncommitted && n >= before+skip {
				break wait
			}
		}
	}
	_ = c.Process.Signal(syscall.SIGKILL) // fails if it has ended, which Wait says
	for range lines {                     // until the pipe is closed
	}
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		r.t.Fatalf("the job ended by itself: %v\n%s", err, strings.Join(all, "\n"))
	}
	if point == uncommitted && !r.open() {
		point = anyTime
	}
	r.killed[point]++
}

// restartBroker kills the broker under the running job, starts it again, and kills the job once a checkpoint is
// complete that began after that.
func (r *kafkaRun) restartBroker() {
	r.t.Helper()
	c, log := r.start()
	text := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(log) // ends with the process
		text <- string(b)
	}()
	wait := func(more int) {
		before := r.newest()
		for range 600 {
			if r.newest() >= before+more {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		_ = c.Process.Kill() // fails if it has ended
		r.t.Fatalf("no checkpoint in a minute\n%s", <-text)
	}
	wait(1)
	r.kafka.Stop()
	r.kafka.Start()
	wait(3)
	_ = c.Process.Kill() // fails if it has ended, which Wait says
	output := <-text
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		r.t.Fatalf("the job ended by itself: %v\n%s", err, output)
	}
	r.killed[anyTime]++
}

// open reports whether transactions of the newest checkpoint are not committed yet.
func (r *kafkaRun) open() bool {
	text, err := os.ReadFile(filepath.Join(r.work, ".anabranch", r.job, fmt.Sprintf("chk-%d", r.newest()), "metadata.json"))
	if err != nil {
		r.t.Fatal(err)
	}
	var m checkpoint.Metadata
	if err := json.Unmarshal(text, &m); err != nil {
		r.t.Fatal(err)
	}
	for _, p := range m.Committable {
		var x struct {
			ID                     string
			ProducerID, Epoch      *int64
			ProducerEpoch, Version *int16
		}
		if err := json.Unmarshal(p.Data, &x); err != nil {
			r.t.Fatal(err)
		}
		if x.ID == "" {
			continue // offsets of a group
		}
		if x.ProducerID == nil || x.ProducerEpoch == nil || x.Version == nil || x.Epoch == nil {
			r.t.Errorf("the snapshot does not tell all of its transaction: %s", p.Data)
		}
		described, err := r.admin.DescribeTransactions(r.t.Context(), x.ID)
		if err != nil {
			r.t.Fatal(err)
		}
		if described[x.ID].State == "Ongoing" {
			return true
		}
	}
	return false
}

// finish lets the job pass on what is left, then stops it.
func (r *kafkaRun) finish() {
	r.t.Helper()
	c, log := r.start()
	done := make(chan string)
	go func() {
		text, _ := io.ReadAll(log) // ends with the process
		done <- string(text)
	}()
	for range 600 {
		ends, err := r.admin.ListCommittedOffsets(r.t.Context(), "target")
		if err != nil {
			r.t.Fatal(err)
		}
		total := int64(0)
		ends.Each(func(o kadm.ListedOffset) { total += o.Offset })
		if total >= int64(*kafkaRecords) && len(r.read()) >= *kafkaRecords {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Error(err)
	}
	text := <-done
	if err := c.Wait(); err != nil {
		r.t.Errorf("%v\n%s", err, text)
	}
}

// read gives how often each number is in the target topic.
func (r *kafkaRun) read() map[int]int {
	r.t.Helper()
	counts := map[int]int{}
	r.records("target", func(record *kgo.Record) {
		var row struct{ I, N int }
		if err := json.Unmarshal(record.Value, &row); err != nil || row.N != row.I%50 {
			r.t.Fatalf("record %s: %v", record.Value, err)
		}
		counts[row.I]++
	})
	return counts
}

// records gives the committed records of a topic, those of a partition in their order.
func (r *kafkaRun) records(topic string, take func(*kgo.Record)) {
	r.t.Helper()
	ends, err := r.admin.ListCommittedOffsets(r.t.Context(), topic)
	if err != nil {
		r.t.Fatal(err)
	}
	left := map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[o.Partition] = o.Offset
		}
	})
	c, err := kgo.NewClient(kgo.SeedBrokers(r.kafka.Addr), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.KeepControlRecords())
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	for len(left) > 0 {
		fetches := c.PollFetches(ctx)
		if ctx.Err() != nil {
			r.t.Fatalf("not read to the end: %v", left)
		}
		fetches.EachRecord(func(record *kgo.Record) {
			if record.Offset+1 >= left[record.Partition] {
				delete(left, record.Partition)
			}
			if !record.Attrs.IsControl() {
				take(record)
			}
		})
	}
}

func (r *kafkaRun) verify() {
	r.t.Helper()
	counts := r.read()
	missing, twice := 0, 0
	for i := range *kafkaRecords {
		switch n := counts[i]; {
		case n == 0:
			missing++
		case n > 1:
			twice++
		}
	}
	if missing+twice > 0 || len(counts) != *kafkaRecords {
		r.t.Errorf("seed %d: of %d records %d are missing, %d are there more than once", *seed, *kafkaRecords, missing, twice)
	}
}
