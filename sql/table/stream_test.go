package table

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/io/file"
	"github.com/anabranch/anabranch/stream"
)

type reading struct {
	Sensor string    `anabranch:"sensor"`
	At     time.Time `anabranch:"at"`
	Value  *float64  `anabranch:"v"`
}

func readings(n int) []reading {
	list := make([]reading, n)
	for i := range list {
		list[i] = reading{Sensor: fmt.Sprint("sensor ", i%7), At: time.Unix(int64(i), 0).UTC()}
		if i%5 > 0 {
			list[i].Value = p(float64(i % 100))
		}
	}
	return list
}

type perMinute struct {
	Start  time.Time `anabranch:"window_start"`
	Sensor string    `anabranch:"sensor"`
	N      int64     `anabranch:"n"`
	Sum    *float64  `anabranch:"total"`
}

const minutes = `
SELECT window_start, UPPER(sensor) AS sensor, COUNT(*) AS n, SUM(v) AS total
FROM TABLE(TUMBLE(TABLE readings, DESCRIPTOR(event_time), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, sensor`

func minutesOf(rows []reading) []string {
	type key struct {
		start  int64
		sensor string
	}
	n, sum := map[key]int64{}, map[key]float64{}
	for _, r := range rows {
		k := key{r.At.Unix() / 60 * 60, strings.ToUpper(r.Sensor)}
		n[k]++
		if r.Value != nil {
			sum[k] += *r.Value
		}
	}
	var want []string
	for k := range n {
		want = append(want, fmt.Sprint(k.start, " ", k.sensor, " ", n[k], " ", sum[k]))
	}
	slices.Sort(want)
	return want
}

func timedReadings(s *stream.Stream[reading]) *stream.Stream[reading] {
	return stream.AssignTimestamps(s, func(r reading) time.Time { return r.At }, time.Second)
}

func minuteTexts(s *stream.Stream[perMinute]) *stream.Stream[string] {
	return stream.Map(s, func(m perMinute) (string, error) {
		sum := 0.0
		if m.Sum != nil {
			sum = *m.Sum
		}
		return fmt.Sprint(m.Start.Unix(), " ", m.Sensor, " ", m.N, " ", sum), nil
	})
}

// TestStreamThroughSQL sends a stream through a query and reads what comes as a stream again.
func TestStreamThroughSQL(t *testing.T) {
	defer goleak.VerifyNone(t)
	rows := readings(5000)
	want := minutesOf(rows)
	for _, p := range []int{1, 3} {
		env, jobs := NewEnv(), stream.NewEnv(stream.WithParallelism(p))
		for name, s := range map[string]*stream.Stream[reading]{
			"readings": timedReadings(stream.FromSlice(jobs, rows)),
			"plain":    stream.Filter(stream.FromSlice(jobs, rows), func(r reading) bool { return r.Value != nil }),
		} {
			if err := FromStream(env, name, s); err != nil {
				t.Fatal(err)
			}
		}
		found, err := ToStream[perMinute](env, jobs, minutes)
		if err != nil {
			t.Fatal(err)
		}
		got, err := stream.Collect(t.Context(), minuteTexts(found))
		if err != nil {
			t.Fatal(err)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("parallelism %d: %d rows, want %d: %q", p, len(got), len(want), got[:min(3, len(got))])
		}
		count, err := ToStream[int](env, jobs, `SELECT COUNT(*) FROM plain p JOIN plain q ON p.at = q.at WHERE p.v < 50`)
		if err != nil {
			t.Fatal(err)
		}
		n, err := stream.Collect(t.Context(), count)
		if err != nil || !slices.Equal(n, []int{2000}) {
			t.Errorf("parallelism %d: count %v, %v", p, n, err)
		}
	}
}

// TestEndlessStreamThroughSQL reads windows of a query while the stream goes on.
func TestEndlessStreamThroughSQL(t *testing.T) {
	defer goleak.VerifyNone(t)
	rows, texts := make(chan reading), make(chan string, 1000)
	env, jobs := NewEnv(), stream.NewEnv(stream.WithParallelism(2))
	if err := FromStream(env, "readings", timedReadings(stream.FromChannel(jobs, rows))); err != nil {
		t.Fatal(err)
	}
	_, err := ToStream[int](env, jobs, `SELECT COUNT(*) FROM readings`)
	if err == nil || !strings.Contains(err.Error(), "takes rows back") {
		t.Errorf("error %v", err)
	}
	found, err := ToStream[perMinute](env, jobs, minutes)
	if err != nil {
		t.Fatal(err)
	}
	stream.ForEach(minuteTexts(found), func(text string) error { texts <- text; return nil })
	sent := readings(121)
	var first []string
	go func() {
		defer close(rows)
		for _, r := range sent[:70] {
			rows <- r
		}
		for range 7 {
			first = append(first, <-texts)
		}
		for _, r := range sent[70:] {
			rows <- r
		}
	}()
	if err := jobs.Execute(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(texts)
	for text := range texts {
		first = append(first, text)
	}
	slices.Sort(first)
	if want := minutesOf(sent); !slices.Equal(first, want) {
		t.Errorf("got %q, want %q", first, want)
	}
}

// TestInsertFromStream kills a job that writes a stream to files and runs it again: each row is there once.
func TestInsertFromStream(t *testing.T) {
	dir := t.TempDir()
	const rows = 60_000
	snapshots := dir + "/checkpoints"
	// run kills the job at the row killAt or, if there is no checkpoint yet, at the first row behind it for
	// which there is.
	run := func(ctx context.Context, p, killAt int, kill func()) error {
		env := NewEnv(WithConnectors(catalog.NewRegistry(file.Connector{})))
		jobs := stream.NewEnv(stream.WithName("copy"), stream.WithParallelism(p), stream.WithCheckpoints(snapshots, time.Millisecond))
		numbers := stream.FromFunc(jobs, "numbers", func(_ context.Context, emit func(int64) bool) error {
			for i := range int64(rows) {
				if kill != nil && int(i) >= killAt {
					if complete, err := filepath.Glob(snapshots + "/copy/chk-*/metadata.json"); err == nil && len(complete) > 0 {
						kill()
						kill = nil
					} else {
						time.Sleep(time.Millisecond)
					}
				}
				if !emit(i) {
					return nil
				}
			}
			return nil
		})
		if err := FromStream(env, "numbers", numbers); err != nil {
			return err
		}
		err := env.Exec(ctx, fmt.Sprintf(`CREATE TABLE sums (s BIGINT) WITH ('connector' = 'filesystem', 'path' = '%s/sums', 'format' = 'csv')`, dir))
		if err == nil {
			err = env.Insert(jobs, `INSERT INTO sums SELECT "value" FROM numbers`)
		}
		if err == nil {
			err = jobs.Execute(ctx)
		}
		return err
	}
	ctx, kill := context.WithCancel(t.Context())
	if err := run(ctx, 1, rows/2, kill); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := run(t.Context(), 2, 0, nil); err != nil {
		t.Fatal(err)
	}
	if got, want := sumsIn(t, dir), int64(rows)*(rows-1)/2; got != want {
		t.Errorf("sum %d, want %d", got, want)
	}
}

func TestStreamMistakes(t *testing.T) {
	env, jobs := NewEnv(), stream.NewEnv()
	s := stream.FromSlice(jobs, readings(3))
	if err := FromStream(env, "readings", s); err != nil {
		t.Fatal(err)
	}
	if err := FromStream(env, "readings", s); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("error %v", err)
	}
	type nothing struct {
		No int `anabranch:"no"`
	}
	if _, err := ToStream[nothing](env, jobs, `SELECT * FROM readings`); err == nil || !strings.Contains(err.Error(), `no column "no"`) {
		t.Errorf("error %v", err)
	}
	if err := env.Insert(jobs, `SELECT * FROM readings`); err == nil || !strings.Contains(err.Error(), "INSERT statements only") {
		t.Errorf("error %v", err)
	}
	if _, err := Collect[int](t.Context(), env, `SELECT COUNT(*) FROM readings`); err == nil || !strings.Contains(err.Error(), "Stream(readings) is of another job") {
		t.Errorf("error %v", err)
	}
	values, err := ToStream[float64](env, jobs, `SELECT v FROM readings`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Collect(t.Context(), values); err == nil || !strings.Contains(err.Error(), `column "value" is null in a row`) {
		t.Errorf("error %v", err)
	}
}
