package kafka

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/anabranch/anabranch/test/services"
)

// committedRecords are the records of a topic that are committed. While transactions are open, those
// before them may be aborted ones, which nobody is given: then what came within a while is all.
func committedRecords(t *testing.T, k *services.Kafka, name string) (records []*kgo.Record) {
	t.Helper()
	ends, err := admin(t, k).ListCommittedOffsets(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	left := map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[o.Partition] = o.Offset
		}
	})
	c, err := kgo.NewClient(kgo.SeedBrokers(k.Addr), kgo.ConsumeTopics(name), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.KeepControlRecords())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	for len(left) > 0 {
		fetches := c.PollFetches(ctx)
		if ctx.Err() != nil {
			return records
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
			if !r.Attrs.IsControl() {
				records = append(records, r)
			}
		})
	}
	return records
}

// table is what the records of a topic leave: the newest value of each key; tombstones are counted.
func table(t *testing.T, k *services.Kafka, name string) (rows []string, tombstones int) {
	t.Helper()
	newest, place := map[string]string{}, map[string]int32{}
	for _, r := range committedRecords(t, k, name) {
		key := string(r.Key)
		if p, ok := place[key]; ok && p != r.Partition {
			t.Errorf("%s: key %s is in partitions %d and %d", name, key, p, r.Partition)
		}
		place[key] = r.Partition
		if r.Value == nil {
			tombstones++
			delete(newest, key)
			continue
		}
		newest[key] = string(r.Value)
	}
	for key, value := range newest {
		rows = append(rows, key+" -> "+value)
	}
	slices.Sort(rows)
	return rows, tombstones
}

// testUpserts writes changelogs by key, stops in the middle and goes on with other numbers of tasks.
func testUpserts(t *testing.T, k *services.Kafka) {
	c := topic(t, k, "votes", 3)
	for _, name := range []string{"few", "byCount"} {
		topic(t, k, name, 4)
	}
	const voters = 20
	n := 0
	vote := func(rounds int) { // voter v votes in the first v rounds
		var records []*kgo.Record
		for range rounds {
			n++
			for v := n; v <= voters; v++ {
				records = append(records, &kgo.Record{Topic: "votes", Partition: int32(v % 3), Value: fmt.Appendf(nil, "%d,%d", v, n)})
			}
		}
		produce(t, c, records...)
	}
	upsert := func(name, columns, prefix string) string {
		return strings.Replace(create(k, name, columns, "'key.format' = 'csv', 'value.format' = 'json', 'value.fields-include' = 'EXCEPT_KEY', "+
			"'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = '"+prefix+"'"), "'kafka'", "'upsert-kafka'", 1)
	}
	votes := create(k, "votes", "voter BIGINT, round BIGINT", "'format' = 'csv', 'scan.startup.mode' = 'earliest-offset'")
	// A voter with more than three votes is taken out again.
	few := newEndless(t, votes+upsert("few", "voter BIGINT, votes BIGINT, PRIMARY KEY (voter) NOT ENFORCED", "few")+
		"INSERT INTO few SELECT voter, count(*) FROM votes GROUP BY voter HAVING count(*) <= 3")
	// Voters with as many votes as others come and go; of those that are there the first is the row.
	byCount := newEndless(t, votes+upsert("byCount", "votes BIGINT, voter BIGINT, PRIMARY KEY (votes) NOT ENFORCED", "byCount")+
		"INSERT INTO byCount SELECT count(*), voter FROM votes GROUP BY voter")
	want := func(name string, rows []string) func() bool {
		slices.Sort(rows)
		return func() bool {
			got, _ := table(t, k, name)
			return slices.Equal(got, rows)
		}
	}
	vote(2)
	wantFew := []string{`1 -> {"votes":1}`}
	for v := 2; v <= voters; v++ {
		wantFew = append(wantFew, fmt.Sprintf(`%d -> {"votes":2}`, v))
	}
	few.runUntil(2, want("few", wantFew))
	byCount.runUntil(3, want("byCount", []string{`1 -> {"voter":1}`, `2 -> {"voter":2}`}))
	vote(4)
	few.runUntil(3, want("few", []string{`1 -> {"votes":1}`, `2 -> {"votes":2}`, `3 -> {"votes":3}`}))
	byCount.runUntil(1, want("byCount", []string{`1 -> {"voter":1}`, `2 -> {"voter":2}`, `3 -> {"voter":3}`, `4 -> {"voter":4}`, `5 -> {"voter":5}`, `6 -> {"voter":6}`}))
	if _, tombstones := table(t, k, "few"); tombstones < voters-3 {
		t.Errorf("%d tombstones, want those of %d voters", tombstones, voters-3)
	}
	testUpsertRows(t, k, upsert)
}

// testUpsertRows writes rows that are only new, and reads them back.
func testUpsertRows(t *testing.T, k *services.Kafka, upsert func(name, columns, prefix string) string) {
	topic(t, k, "newest", 1)
	newest := upsert("newest", "id BIGINT, name STRING, PRIMARY KEY (id) NOT ENFORCED", "newest")
	if _, err := run(t.Context(), t, 2, newest+"INSERT INTO newest VALUES (1, 'a'), (2, 'b'), (1, 'c')"); err != nil {
		t.Fatal(err)
	}
	if got, tombstones := table(t, k, "newest"); tombstones != 0 || !slices.Equal(got, []string{`1 -> {"name":"c"}`, `2 -> {"name":"b"}`}) {
		t.Errorf("got %q and %d tombstones", got, tombstones)
	}
	rows, err := run(t.Context(), t, 1, strings.Replace(newest, "WITH (", "WITH ('scan.bounded.mode' = 'latest-offset', ", 1)+"SELECT * FROM newest")
	if err != nil || !slices.Equal(rows, []string{"1 | c", "2 | b"}) {
		t.Errorf("read %q, %v", rows, err)
	}
}

// testReadUpserts reads a topic of upserts as a table: to its end, and as it changes, with restarts.
func testReadUpserts(t *testing.T, k *services.Kafka) {
	c := topic(t, k, "scores", 2)
	topic(t, k, "totals", 1)
	put := func(id int, value string) {
		r := &kgo.Record{Topic: "scores", Partition: int32(id % 2), Key: fmt.Appendf(nil, `{"id": %d}`, id)}
		if value != "" {
			r.Value = []byte(value)
		}
		produce(t, c, r)
	}
	scores := func(options string) string {
		return strings.Replace(create(k, "scores", "id BIGINT, team STRING, tags ARRAY<STRING>, score INT NOT NULL, twice AS 100 / score, o BIGINT METADATA FROM 'offset' VIRTUAL, PRIMARY KEY (id) NOT ENFORCED",
			"'key.format' = 'json', 'value.format' = 'json'"+options), "'kafka'", "'upsert-kafka'", 1)
	}
	read := func(query string) []string {
		t.Helper()
		rows, err := run(t.Context(), t, 2, scores(", 'scan.bounded.mode' = 'latest-offset'")+query)
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	put(1, `{"team": "red", "score": 5, "tags": ["a", "b"]}`)
	put(2, `{"team": "red", "score": 2}`)
	put(3, "") // was never there
	put(4, `{"team": "blue", "score": 4}`)
	put(1, `{"team": "blue", "score": 10, "tags": ["c"]}`)
	put(2, "")
	if got, want := read("SELECT id, team, tags, score, twice, o FROM scores"), []string{"1 | blue | [c] | 10 | 10 | 2", "4 | blue | NULL | 4 | 25 | 1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	// Those that were red are not: a condition on values counts for the newest row of a key.
	if got := read("SELECT id FROM scores WHERE team = 'red' OR score = 5"); len(got) > 0 {
		t.Errorf("red: %q", got)
	}
	if got := read("SELECT COUNT(*) FROM scores WHERE id < 3"); !slices.Equal(got, []string{"1"}) {
		t.Errorf("by key: %q", got)
	}

	totals := strings.Replace(create(k, "totals", "team STRING, n BIGINT, score BIGINT, best INT, PRIMARY KEY (team) NOT ENFORCED",
		"'key.format' = 'csv', 'value.format' = 'json', 'value.fields-include' = 'EXCEPT_KEY', 'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'totals'"), "'kafka'", "'upsert-kafka'", 1)
	job := newEndless(t, scores("")+totals+"INSERT INTO totals SELECT team, COUNT(*), SUM(score), MAX(score) FROM scores GROUP BY team")
	want := func(rows ...string) func() bool {
		return func() bool {
			got, _ := table(t, k, "totals")
			return slices.Equal(got, rows)
		}
	}
	job.runUntil(2, want(`blue -> {"n":2,"score":14,"best":10}`))
	put(1, `{"team": "red", "score": 1}`)
	put(5, `{"team": "blue", "score": 7}`)
	job.runUntil(1, want(`blue -> {"n":2,"score":11,"best":7}`, `red -> {"n":1,"score":1,"best":1}`))
	put(5, "")
	put(4, "")
	put(2, `{"team": "red", "score": 3}`)
	job.runUntil(3, want(`red -> {"n":2,"score":4,"best":3}`))
}
