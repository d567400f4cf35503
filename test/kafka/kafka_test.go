package kafka

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/anabranch/anabranch/builtin"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/scheduler"
	"github.com/anabranch/anabranch/sql/parser"
	"github.com/anabranch/anabranch/sql/session"
	"github.com/anabranch/anabranch/test/services"
)

// topic is a new topic on a broker.
func topic(t *testing.T, k *services.Kafka, name string, partitions int32) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(k.Addr), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if _, err := kadm.NewClient(c).CreateTopic(t.Context(), partitions, 1, nil, name); err != nil {
		t.Fatal(err)
	}
	return c
}

func admin(t *testing.T, k *services.Kafka) *kadm.Client {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(k.Addr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return kadm.NewClient(c)
}

func produce(t *testing.T, c *kgo.Client, records ...*kgo.Record) {
	t.Helper()
	if err := c.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// run runs statements and gives the rows of the last.
func run(ctx context.Context, t *testing.T, parallelism int, sql string) ([]string, error) {
	t.Helper()
	s := session.New(builtin.Connectors())
	statements, err := parser.Parse(sql)
	if err != nil {
		return nil, err
	}
	var rows []string
	for _, st := range statements {
		if !session.Runs(st) {
			if _, err := s.Apply(st, sql); err != nil {
				return nil, err
			}
			continue
		}
		p, err := s.Plan(st, sql)
		if err != nil {
			return nil, err
		}
		take := func(b *columnar.Batch) error {
			for k := range b.Live() {
				var cells []string
				for _, v := range b.Cols {
					cells = append(cells, string(columnar.AppendText(nil, v, b.Row(k), time.UTC)))
				}
				rows = append(rows, strings.Join(cells, " | "))
			}
			return nil
		}
		err = scheduler.Run(ctx, p.Job, scheduler.Options{
			Parallelism: parallelism, Connectors: s.Registry, Env: &expr.Env{Location: time.UTC},
			Bindings: scheduler.Bindings{p.CollectUID: func() dataflow.Operator { return &scheduler.Collector{Take: take} }},
		})
		if err != nil {
			return rows, err
		}
	}
	slices.Sort(rows)
	return rows, nil
}

func create(k *services.Kafka, name, columns, options string) string {
	return fmt.Sprintf("CREATE TABLE %s (%s) WITH ('connector' = 'kafka', 'topic' = '%s', 'properties.bootstrap.servers' = '%s', %s);\n", name, columns, name, k.Addr, options)
}

func TestKafka(t *testing.T) {
	k := services.StartKafka(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("a topic is made", func(t *testing.T) { testMade(t, k) })
	t.Run("bounded", func(t *testing.T) { testBounded(t, k) })
	t.Run("keys and metadata", func(t *testing.T) { testMetadata(t, k) })
	t.Run("metadata is written", func(t *testing.T) { testWrittenMetadata(t, k) })
	t.Run("bad records", func(t *testing.T) { testBad(t, k) })
	t.Run("csv", func(t *testing.T) { testCSV(t, k) })
	t.Run("windows", func(t *testing.T) { testWindows(t, k) })
	t.Run("idle", func(t *testing.T) { testIdle(t, k) })
	t.Run("new partitions", func(t *testing.T) { testNewPartitions(t, k) })
	t.Run("group offsets", func(t *testing.T) { testGroup(t, k) })
	t.Run("upserts", func(t *testing.T) { testUpserts(t, k) })
	t.Run("reading upserts", func(t *testing.T) { testReadUpserts(t, k) })
	t.Run("transactions", func(t *testing.T) { testTransactions(t, k) })
	t.Run("protocol of transactions", func(t *testing.T) { testProtocol(t, k) })
	t.Run("a transaction times out", func(t *testing.T) { testTimedOut(t, k) })
	t.Run("transactions of others", func(t *testing.T) { testOtherOwners(t, k) })
	t.Run("a transaction is not ended everywhere", func(t *testing.T) { testUnmarked(t, k) })
	t.Run("errors", func(t *testing.T) { testErrors(t, k) })
}

// testMade reads and writes topics that are made only when the brokers have been asked for them.
func testMade(t *testing.T, k *services.Kafka) {
	c := admin(t, k)
	later := func(name string) {
		time.Sleep(200 * time.Millisecond)
		if _, err := c.CreateTopic(t.Context(), 1, 1, nil, name); err != nil {
			t.Error(err)
		}
	}
	for name, sql := range map[string]string{
		"tardy": "SELECT COUNT(*) FROM tardy", "late": "INSERT INTO late VALUES ('x')",
	} {
		var wg sync.WaitGroup
		wg.Go(func() { later(name) })
		if _, err := run(t.Context(), t, 1, create(k, name, "s STRING", "'format' = 'raw', 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'")+sql); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		wg.Wait()
	}
}

func testBounded(t *testing.T, k *services.Kafka) {
	c := topic(t, k, "numbers", 3)
	var records []*kgo.Record
	want := 0
	for i := range 50_000 {
		records = append(records, &kgo.Record{Topic: "numbers", Partition: int32(i % 3), Value: fmt.Appendf(nil, `{"i": %d, "s": "text %d"}`, i, i)})
		want += i
	}
	produce(t, c, records...)
	sql := create(k, "numbers", "i BIGINT, s STRING", "'format' = 'json', 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'") +
		"SELECT count(*), sum(i), count(DISTINCT s), max(s) FROM numbers"
	for _, p := range []int{1, 2, 5} {
		rows, err := run(t.Context(), t, p, sql)
		if err != nil || len(rows) != 1 || rows[0] != fmt.Sprintf("50000 | %d | 50000 | text 9999", want) {
			t.Errorf("parallelism %d: %q, %v", p, rows, err)
		}
	}
	for _, c := range []struct{ options, want string }{
		{"'scan.startup.mode' = 'specific-offsets', 'scan.startup.specific-offsets' = 'partition:0,offset:10;partition:1,offset:0;partition:2,offset:16665'", "33325"},
		{"'scan.startup.mode' = 'latest-offset'", "0"},
		{"'scan.startup.mode' = 'timestamp', 'scan.startup.timestamp-millis' = '0'", "50000"},
		{"'scan.startup.mode' = 'group-offsets', 'properties.group.id' = 'nobody', 'properties.auto.offset.reset' = 'earliest'", "50000"},
	} {
		rows, err := run(t.Context(), t, 2, create(k, "numbers", "i BIGINT", "'format' = 'json', 'scan.bounded.mode' = 'latest-offset', "+c.options)+"SELECT count(*) FROM numbers")
		if err != nil || len(rows) != 1 || rows[0] != c.want {
			t.Errorf("%s: %q, %v", c.options, rows, err)
		}
	}
}

func testMetadata(t *testing.T, k *services.Kafka) {
	c := topic(t, k, "meta", 1)
	at := time.Date(2024, 5, 6, 7, 8, 9, 123e6, time.UTC)
	produce(t, c, &kgo.Record{
		Topic: "meta", Key: []byte(`{"id": 7}`), Value: []byte(`{"name": "x"}`), Timestamp: at,
		Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("v")}, {Key: "n"}},
	})
	columns := "k_id BIGINT, name STRING, o BIGINT METADATA FROM 'offset' VIRTUAL, `timestamp` TIMESTAMP_LTZ(3) METADATA, t TIMESTAMP(3) METADATA FROM 'timestamp', topic STRING METADATA, " +
		"p INT METADATA FROM 'partition', headers MAP<STRING, BYTES> METADATA, kind STRING METADATA FROM 'timestamp-type', twice AS o * 2 + k_id"
	rows, err := run(t.Context(), t, 1, create(k, "meta", columns, "'value.format' = 'json', 'key.format' = 'json', 'key.fields' = 'k_id', 'key.fields-prefix' = 'k_', 'value.fields-include' = 'EXCEPT_KEY', 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'")+
		"SELECT k_id, name, o, `timestamp`, t, topic, p, headers, kind, twice FROM meta")
	want := "7 | x | 0 | 2024-05-06 07:08:09.123 | 2024-05-06 07:08:09.123 | meta | 0 | {h=76, n=NULL} | CreateTime | 7"
	if err != nil || len(rows) != 1 || rows[0] != want {
		t.Errorf("got %q, %v\nwant %q", rows, err, want)
	}
	rows, err = run(t.Context(), t, 1, create(k, "meta", "v STRING, k BYTES", "'format' = 'raw', 'key.format' = 'raw', 'key.fields' = 'k', 'value.fields-include' = 'EXCEPT_KEY', 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'")+
		"SELECT v, CAST(k AS STRING) FROM meta")
	if err != nil || len(rows) != 1 || rows[0] != `{"name": "x"} | 7b226964223a20377d` {
		t.Errorf("raw: got %q, %v", rows, err)
	}
}

// Headers and times of records are written, in whatever place their columns are declared.
func testWrittenMetadata(t *testing.T, k *services.Kafka) {
	c := topic(t, k, "headed", 1)
	topic(t, k, "copied", 1)
	at := time.Date(2024, 5, 6, 7, 8, 9, 123e6, time.UTC)
	produce(t, c, &kgo.Record{Topic: "headed", Value: []byte("1"), Timestamp: at, Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("v")}, {Key: "n"}}},
		&kgo.Record{Topic: "headed", Value: []byte("2"), Timestamp: at.Add(time.Hour)})
	scan := "'format' = 'csv', 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'"
	headed := create(k, "headed", "i BIGINT, at TIMESTAMP_LTZ(3) METADATA FROM 'timestamp', h MAP<STRING, BYTES> METADATA FROM 'headers'", scan)
	copied := create(k, "copied", "at TIMESTAMP(3) METADATA FROM 'timestamp', i BIGINT, o BIGINT METADATA FROM 'offset' VIRTUAL, headers MAP<STRING, BYTES> METADATA", scan)
	if _, err := run(t.Context(), t, 1, headed+copied+"INSERT INTO copied SELECT CAST(at AS TIMESTAMP(3)) + INTERVAL '1' DAY, i, h FROM headed"); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if _, err := run(t.Context(), t, 1, copied+"INSERT INTO copied (i) VALUES (3)"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range committedRecords(t, k, "copied") {
		headers := ""
		for _, h := range r.Headers {
			headers += fmt.Sprintf(" %s=%q", h.Key, h.Value)
		}
		if when := r.Timestamp.Sub(at); string(r.Value) != "3" {
			got = append(got, fmt.Sprintf("%s %s%s", r.Value, when, headers))
		} else if r.Timestamp.Before(start.Truncate(time.Millisecond)) || headers != "" {
			t.Errorf("without metadata a record has time %s and headers%s", r.Timestamp, headers)
		}
	}
	if want := []string{`1 24h0m0s h="v" n=""`, "2 25h0m0s"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, c := range []struct{ column, want string }{
		{"p INT METADATA FROM 'partition'", "connector 'kafka' does not write the metadata 'partition'; declare the column VIRTUAL (written: headers, timestamp)"},
		{"`timestamp` BIGINT METADATA", "a BOOLEAN is not assigned to TIMESTAMP_LTZ(3)"},
	} {
		_, err := run(t.Context(), t, 1, create(k, "copied", "i BIGINT, "+c.column, scan)+"INSERT INTO copied SELECT 1, TRUE")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.column, err, c.want)
		}
	}
}

func testBad(t *testing.T, k *services.Kafka) {
	c := topic(t, k, "bad", 1)
	produce(t, c, &kgo.Record{Topic: "bad", Value: []byte(`{"i": 1}`)}, &kgo.Record{Topic: "bad", Value: []byte(`{"i": x}`)},
		&kgo.Record{Topic: "bad"}, &kgo.Record{Topic: "bad", Value: []byte("{\n\"i\":\n 3}\n")})
	options := "'format' = 'json', 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'"
	_, err := run(t.Context(), t, 1, create(k, "bad", "i BIGINT", options)+"SELECT i FROM bad")
	if want := "kafka: topic bad, partition 0, offset 1: value: byte 7: expected a value; set 'on-error'"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	rows, err := run(t.Context(), t, 1, create(k, "bad", "i BIGINT, o BIGINT METADATA FROM 'offset'", options+", 'json.ignore-parse-errors' = 'true'")+"SELECT i, o FROM bad")
	if err != nil || !slices.Equal(rows, []string{"1 | 0", "3 | 3"}) {
		t.Errorf("got %q, %v", rows, err)
	}
	dir := t.TempDir()
	rows, err = run(t.Context(), t, 2, create(k, "bad", "i BIGINT", options+", 'on-error' = 'dead-letter', 'on-error.dead-letter.path' = '"+dir+"'")+"SELECT i FROM bad")
	if err != nil || !slices.Equal(rows, []string{"1", "3"}) {
		t.Errorf("got %q, %v", rows, err)
	}
	rows, err = run(t.Context(), t, 1, "SELECT source, `position`, error, text FROM '"+dir+"'")
	if err != nil || !slices.Equal(rows, []string{"bad-0 | 1 | value: byte 7: expected a value | {\"i\": x}"}) {
		t.Errorf("got %q, %v", rows, err)
	}
}

// Records of CSV are written and read as rows, whichever columns a query wants.
func testCSV(t *testing.T, k *services.Kafka) {
	topic(t, k, "lines", 2)
	columns := "id BIGINT, name STRING, price DECIMAL(6, 2), at TIMESTAMP(3)"
	options := "'format' = 'csv', 'csv.field-delimiter' = ';', 'csv.null-literal' = 'n/a', 'key.format' = 'csv', 'key.fields' = 'id;name', " +
		"'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'"
	lines := create(k, "lines", columns, options)
	_, err := run(t.Context(), t, 1, lines+"INSERT INTO lines VALUES (1, 'a;\"b\"\nc', 2.5, TIMESTAMP '2024-05-06 07:08:09.123'), (2, 'n/a', NULL, NULL), (3, NULL, 0, NULL), (4, '', 1, NULL)")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := run(t.Context(), t, 2, lines+"SELECT id, name, price, at FROM lines")
	if want := []string{"1 | a;\"b\"\nc | 2.50 | 2024-05-06 07:08:09.123", "2 | n/a | NULL | NULL", "3 | NULL | 0.00 | NULL", "4 |  | 1.00 | NULL"}; err != nil || !slices.Equal(rows, want) {
		t.Errorf("got %q, %v, want %q", rows, err, want)
	}
	rows, err = run(t.Context(), t, 2, lines+"SELECT price FROM lines WHERE id < 3")
	if want := []string{"2.50", "NULL"}; err != nil || !slices.Equal(rows, want) {
		t.Errorf("got %q, %v, want %q", rows, err, want)
	}
	raw := create(k, "lines", "k STRING, v STRING", "'format' = 'raw', 'key.format' = 'raw', 'key.fields' = 'k', 'value.fields-include' = 'EXCEPT_KEY', 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'")
	rows, err = run(t.Context(), t, 1, raw+"SELECT k, v FROM lines WHERE k LIKE '2%'")
	if want := []string{"2,n/a | 2;\"n/a\";n/a;n/a"}; err != nil || !slices.Equal(rows, want) {
		t.Errorf("got %q, %v, want %q", rows, err, want)
	}
	testBadCSV(t, k)
}

func testBadCSV(t *testing.T, k *services.Kafka) {
	c := topic(t, k, "badlines", 1)
	produce(t, c, &kgo.Record{Topic: "badlines", Value: []byte("1,a")}, &kgo.Record{Topic: "badlines", Value: []byte("2")},
		&kgo.Record{Topic: "badlines"}, &kgo.Record{Topic: "badlines", Value: []byte("x,c")}, &kgo.Record{Topic: "badlines", Value: []byte("4,d\n")})
	options := "'format' = 'csv', 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'"
	_, err := run(t.Context(), t, 1, create(k, "badlines", "i BIGINT, s STRING", options)+"SELECT s FROM badlines")
	if want := "kafka: topic badlines, partition 0, offset 1: value: 1 fields where 2 were wanted; set 'on-error'"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	dir := t.TempDir()
	for _, policy := range []string{"'csv.ignore-parse-errors' = 'true'", "'on-error' = 'skip'", "'on-error' = 'dead-letter', 'on-error.dead-letter.path' = '" + dir + "'"} {
		rows, err := run(t.Context(), t, 2, create(k, "badlines", "i BIGINT, s STRING", options+", "+policy)+"SELECT s FROM badlines")
		if err != nil || !slices.Equal(rows, []string{"a", "d"}) {
			t.Errorf("%s: got %q, %v", policy, rows, err)
		}
	}
	rows, err := run(t.Context(), t, 1, "SELECT `position`, error, text FROM '"+dir+"'")
	if want := []string{"1 | value: 1 fields where 2 were wanted | 2", "3 | value: column \"i\": \"x\" is not BIGINT | x,c"}; err != nil || !slices.Equal(rows, want) {
		t.Errorf("got %q, %v, want %q", rows, err, want)
	}
}

// Windows of an endless topic close by the lowest watermark of the partitions, whatever the number of
// tasks.
func testWindows(t *testing.T, k *services.Kafka) {
	c := topic(t, k, "ticks", 2)
	var records []*kgo.Record
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 1000 {
		for p := range int32(2) {
			// Partition 1 is an hour behind.
			stamp := at.Add(time.Duration(i)*100*time.Millisecond - time.Duration(p)*time.Hour)
			records = append(records, &kgo.Record{Topic: "ticks", Partition: p, Value: fmt.Appendf(nil, `{"t": "%s", "p": %d}`, stamp.Format("2006-01-02 15:04:05.000"), p)})
		}
	}
	produce(t, c, records...)
	for _, parallelism := range []int{1, 2, 3} {
		rows, err := run(t.Context(), t, parallelism, create(k, "ticks", "t TIMESTAMP(3), p INT, WATERMARK FOR t AS t", "'format' = 'json', 'scan.startup.mode' = 'earliest-offset'")+
			"SELECT window_start, p, count(*) FROM TABLE(TUMBLE(TABLE ticks, DESCRIPTOR(t), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, p LIMIT 9")
		if err != nil || len(rows) != 9 || rows[0] != "2023-12-31 23:00:00.000 | 1 | 100" || rows[8] != "2023-12-31 23:01:20.000 | 1 | 100" {
			t.Errorf("parallelism %d: %q, %v", parallelism, rows, err)
		}
	}
}

// Windows close in spite of a partition without records.
func testIdle(t *testing.T, k *services.Kafka) {
	c := topic(t, k, "halfidle", 2)
	for i := range 100 {
		produce(t, c, &kgo.Record{Topic: "halfidle", Value: fmt.Appendf(nil, `{"t": "2024-01-01 00:00:%02d"}`, i%60)})
	}
	for _, parallelism := range []int{1, 2, 3} {
		rows, err := run(t.Context(), t, parallelism, create(k, "halfidle", "t TIMESTAMP(3), WATERMARK FOR t AS t", "'format' = 'json', 'scan.startup.mode' = 'earliest-offset', 'scan.watermark.idle-timeout' = '100 ms'")+
			"SELECT window_start, count(*) > 0 FROM TABLE(TUMBLE(TABLE halfidle, DESCRIPTOR(t), INTERVAL '10' SECOND)) GROUP BY window_start, window_end LIMIT 5")
		if err != nil || len(rows) != 5 || rows[4] != "2024-01-01 00:00:40.000 | TRUE" {
			t.Errorf("parallelism %d: %q, %v", parallelism, rows, err)
		}
	}
}

// A job goes on with partitions that are added while it runs, from their beginning.
func testNewPartitions(t *testing.T, k *services.Kafka) {
	c := topic(t, k, "growing", 1)
	produce(t, c, &kgo.Record{Topic: "growing", Value: []byte("0")})
	control := admin(t, k)
	var wg sync.WaitGroup
	wg.Go(func() {
		<-time.After(time.Second)
		if _, err := control.UpdatePartitions(t.Context(), 3, "growing"); err != nil {
			t.Error(err)
		}
		for p := range int32(3) {
			if err := writeTo(t, k, "growing", p); err != nil {
				t.Error(err)
			}
		}
	})
	rows, err := run(t.Context(), t, 2, create(k, "growing", "v STRING, p INT METADATA FROM 'partition'", "'format' = 'raw', 'scan.startup.mode' = 'earliest-offset', 'scan.topic-partition-discovery.interval' = '200 ms'")+
		"SELECT v, p FROM growing LIMIT 4")
	wg.Wait()
	slices.Sort(rows)
	if want := []string{"0 | 0", "x | 0", "x | 1", "x | 2"}; err != nil || !slices.Equal(rows, want) {
		t.Errorf("%q, %v", rows, err)
	}
}

// writeTo writes a record to a partition that was just made.
func writeTo(t *testing.T, k *services.Kafka, topic string, partition int32) error {
	c, err := kgo.NewClient(kgo.SeedBrokers(k.Addr), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return err
	}
	defer c.Close()
	return c.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Partition: partition, Value: []byte("x")}).FirstErr()
}

func testErrors(t *testing.T, k *services.Kafka) {
	scan := "'format' = 'json', 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'"
	for _, c := range []struct{ sql, want string }{
		{create(k, "nothere", "i INT", scan) + "SELECT * FROM nothere", "topic nothere: UNKNOWN_TOPIC_OR_PARTITION"},
		{strings.ReplaceAll(create(k, "numbers", "i INT", scan), k.Addr, "127.0.0.1:1") + "SELECT * FROM numbers", "no broker answers at 127.0.0.1:1; check 'properties.bootstrap.servers'"},
		{create(k, "numbers", "i BIGINT", "'format' = 'json', 'scan.bounded.mode' = 'latest-offset', 'scan.startup.mode' = 'specific-offsets', 'scan.startup.specific-offsets' = 'partition:0,offset:1'") + "SELECT * FROM numbers", "topic numbers, partition 1: the specific offsets do not name it"},
		{create(k, "numbers", "i BIGINT, x INT METADATA", scan) + "SELECT * FROM numbers", "connector 'kafka' has no metadata 'x' (known: topic,"},
	} {
		start := time.Now()
		if _, err := run(t.Context(), t, 1, c.sql); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
		if d := time.Since(start); d > 40*time.Second {
			t.Errorf("%s: took %s", c.want, d)
		}
	}
}

// until waits until something holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 1000 {
		if holds() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("it does not hold that %s", what)
}
