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
	r := &kafkaRun{t: t, kafka: k, work: t.TempDir(), rng: rand.New(rand.NewPCG(*seed, 7))}
	r.binary = filepath.Join(t.TempDir(), "anabranch")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", r.binary, "github.com/anabranch/anabranch/cmd/anabranch").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(k.Addr), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.RecordRetries(100))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	r.admin = kadm.NewClient(client)
	for _, topic := range []string{"source", "target"} {
		if _, err := r.admin.CreateTopic(t.Context(), 4, 1, nil, topic); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(r.work, "job.sql"), fmt.Appendf(nil, kafkaJob, k.Addr), 0o644); err != nil {
		t.Fatal(err)
	}
	produced := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { produced <- feed(ctx, client, *kafkaRecords, *kafkaKills) }()
	for i := range *kafkaKills {
		point := []killPoint{uncommitted, anyTime, restoring, uncommitted, uncommitted}[i%5]
		r.runKilled(point)
		if i == *kafkaKills/2 {
			k.Stop()
			k.Start()
		}
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

// feed writes the records over about a second for each kill.
func feed(ctx context.Context, c *kgo.Client, n, seconds int) error {
	const part = 1000
	pause := time.Duration(float64(time.Second) * float64(seconds) * part / float64(n))
	for from := 0; from < n; from += part {
		var records []*kgo.Record
		for i := from; i < min(from+part, n); i++ {
			records = append(records, &kgo.Record{Topic: "source", Partition: int32(i % 4), Value: fmt.Appendf(nil, `{"i": %d, "text": "%s"}`, i, strings.Repeat("x", i%50))})
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
	c := exec.CommandContext(r.t.Context(), r.binary, "run", "job.sql", "--resume", "--parallelism", fmt.Sprint(1+r.rng.IntN(3)))
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
	found, err := filepath.Glob(filepath.Join(r.work, ".anabranch", "job", "chk-*", "metadata.json"))
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

// open reports whether transactions of the newest checkpoint are not committed yet.
func (r *kafkaRun) open() bool {
	text, err := os.ReadFile(filepath.Join(r.work, ".anabranch", "job", fmt.Sprintf("chk-%d", r.newest()), "metadata.json"))
	if err != nil {
		r.t.Fatal(err)
	}
	var m checkpoint.Metadata
	if err := json.Unmarshal(text, &m); err != nil {
		r.t.Fatal(err)
	}
	for _, p := range m.Committable {
		var x struct{ ID string }
		if err := json.Unmarshal(p.Data, &x); err != nil {
			r.t.Fatal(err)
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
	ends, err := r.admin.ListCommittedOffsets(r.t.Context(), "target")
	if err != nil {
		r.t.Fatal(err)
	}
	left := map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[o.Partition] = o.Offset
		}
	})
	c, err := kgo.NewClient(kgo.SeedBrokers(r.kafka.Addr), kgo.ConsumeTopics("target"), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.KeepControlRecords())
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	counts := map[int]int{}
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
			if record.Attrs.IsControl() {
				return
			}
			var row struct{ I, N int }
			if err := json.Unmarshal(record.Value, &row); err != nil || row.N != row.I%50 {
				r.t.Fatalf("record %s: %v", record.Value, err)
			}
			counts[row.I]++
		})
	}
	return counts
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
