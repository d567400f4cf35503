//go:build unix

package chaos

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/anabranch/anabranch/test/services"
)

// Of the votes, voters whose number of votes is not a multiple of three are in totals, so that their rows come
// and go; parties sums those up. Parties are written at least once: replayed rows must end in the same table.
const (
	totalsTable = `
CREATE TABLE totals (voter BIGINT, n BIGINT, s BIGINT, PRIMARY KEY (voter) NOT ENFORCED) WITH ('connector' = 'upsert-kafka', 'topic' = 'totals',
    'properties.bootstrap.servers' = '%[1]s', 'key.format' = 'json', 'value.format' = 'json', 'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'totals');
`
	totalsJob = `
SET 'execution.checkpointing.interval' = '50 ms';
CREATE TABLE votes (i BIGINT, text STRING) WITH ('connector' = 'kafka', 'topic' = 'votes', 'format' = 'json',
    'properties.bootstrap.servers' = '%[1]s', 'properties.group.id' = 'votes', 'properties.auto.offset.reset' = 'earliest');
` + totalsTable + `
INSERT INTO totals SELECT MOD(i, 101), COUNT(*), SUM(i) FROM votes GROUP BY MOD(i, 101) HAVING MOD(COUNT(*), 3) <> 0;
`
	partiesJob = `
SET 'execution.checkpointing.interval' = '50 ms';
` + totalsTable + `
CREATE TABLE parties (party BIGINT, n BIGINT, s BIGINT, PRIMARY KEY (party) NOT ENFORCED) WITH ('connector' = 'upsert-kafka', 'topic' = 'parties',
    'properties.bootstrap.servers' = '%[1]s', 'key.format' = 'json', 'value.format' = 'json');
INSERT INTO parties SELECT MOD(voter, 7), COUNT(*), SUM(s) FROM totals GROUP BY MOD(voter, 7);
`
)

// sums are a row's values.
type sums struct{ N, S int64 }

// TestKilledUpsertsLeaveTheTruth kills two jobs again and again, one that writes a table of upserts and commits
// what it has read to a group, and one that reads that table and writes another. At the end the tables and
// the group's offsets are what they are without a kill.
func TestKilledUpsertsLeaveTheTruth(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for half a minute")
	}
	k := services.StartKafka(t)
	totals := &kafkaRun{t: t, kafka: k, work: t.TempDir(), job: "totals", rng: rand.New(rand.NewPCG(*seed, 8))}
	client := totals.prepare("votes", "totals", "parties")
	totals.script(totalsJob)
	parties := *totals
	parties.job = "parties"
	parties.script(partiesJob)

	n := *upsertRecords
	fed := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { fed <- feed(ctx, client, "votes", n, *upsertKills*2/3) }()
	for i := range *upsertKills {
		point := []killPoint{uncommitted, anyTime, restoring}[i/2%3]
		if i%2 == 0 {
			totals.runKilled(point)
		} else {
			parties.runKilled([]killPoint{anyTime, restoring}[i/2%2])
		}
	}
	if err := <-fed; err != nil {
		t.Fatal(err)
	}
	wantTotals, wantParties := map[int64]sums{}, map[int64]sums{}
	for i := range int64(n) {
		v := wantTotals[i%101]
		wantTotals[i%101] = sums{v.N + 1, v.S + i}
	}
	maps.DeleteFunc(wantTotals, func(_ int64, v sums) bool { return v.N%3 == 0 })
	for voter, v := range wantTotals {
		p := wantParties[voter%7]
		wantParties[voter%7] = sums{p.N + 1, p.S + v.S}
	}
	totals.finishTable("voter", wantTotals)
	parties.finishTable("party", wantParties)
	ends, err := totals.admin.ListEndOffsets(t.Context(), "votes")
	if err != nil {
		t.Fatal(err)
	}
	group, err := totals.admin.FetchOffsets(t.Context(), "votes")
	if err != nil {
		t.Fatal(err)
	}
	ends.Each(func(o kadm.ListedOffset) {
		if at, _ := group.Lookup("votes", o.Partition); at.At != o.Offset {
			t.Errorf("partition %d: the group stands at %d, want %d", o.Partition, at.At, o.Offset)
		}
	})
	t.Logf("seed %d: killed totals %v, parties %v (at any time, between snapshot and commit, while restoring)", *seed, totals.killed, parties.killed)
}

// finishTable lets the job run until its table, a topic of the job's name, is what is wanted, then stops it.
func (r *kafkaRun) finishTable(key string, want map[int64]sums) {
	r.t.Helper()
	c, log := r.start()
	text := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(log) // ends with the process
		text <- string(b)
	}()
	var got map[int64]sums
	for range 300 {
		if got = r.table(key); maps.Equal(got, want) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if !maps.Equal(got, want) {
		r.t.Errorf("seed %d: %s: got %v\nwant %v", *seed, r.job, got, want)
	}
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Error(err)
	}
	output := <-text
	if err := c.Wait(); err != nil {
		r.t.Errorf("%s: %v\n%s", r.job, err, output)
	}
}

// table is what the records of the job's topic leave.
func (r *kafkaRun) table(key string) map[int64]sums {
	r.t.Helper()
	rows, place := map[int64]sums{}, map[int64]int32{}
	r.records(r.job, func(record *kgo.Record) {
		var k map[string]int64
		if err := json.Unmarshal(record.Key, &k); err != nil {
			r.t.Fatalf("key %s: %v", record.Key, err)
		}
		id := k[key]
		if p, ok := place[id]; ok && p != record.Partition {
			r.t.Fatalf("key %d is in partitions %d and %d", id, p, record.Partition)
		}
		place[id] = record.Partition
		if record.Value == nil {
			delete(rows, id)
			return
		}
		var v sums
		if err := json.Unmarshal(record.Value, &v); err != nil {
			r.t.Fatalf("value %s: %v", record.Value, err)
		}
		rows[id] = v
	})
	return rows
}
