//go:build unix

package chaos

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

var (
	seed  = flag.Uint64("seed", 1, "seed of the delays")
	kills = flag.Int("kills", 50, "how many processes to kill")
)

const nexmark = `
SET 'execution.checkpointing.interval' = '20 ms';
CREATE TABLE nexmark (
    event_type INT,
    person ROW<id BIGINT, name VARCHAR, emailAddress VARCHAR, creditCard VARCHAR, city VARCHAR, state VARCHAR, ` + "`dateTime`" + ` TIMESTAMP(3), extra VARCHAR>,
    auction ROW<id BIGINT, itemName VARCHAR, description VARCHAR, initialBid BIGINT, reserve BIGINT, ` + "`dateTime`" + ` TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT, extra VARCHAR>,
    bid ROW<auction BIGINT, bidder BIGINT, price BIGINT, channel VARCHAR, url VARCHAR, ` + "`dateTime`" + ` TIMESTAMP(3), extra VARCHAR>,
    at AS CASE WHEN event_type = 0 THEN person.` + "`dateTime`" + ` WHEN event_type = 1 THEN auction.` + "`dateTime`" + ` ELSE bid.` + "`dateTime`" + ` END,
    WATERMARK FOR at AS at - INTERVAL '4' SECOND
) WITH ('connector' = 'nexmark', 'events.num' = '1500000', 'first-event.rate' = '20000', 'next-event.rate' = '20000');
CREATE VIEW bid AS SELECT bid.auction, bid.bidder, bid.price, bid.url, at FROM nexmark WHERE event_type = 2;
`

// jobs write one table each: windows, sliding windows, a join, an aggregation without window and
// one over distinct values, windows grouped again, and rows passed on, also to partitions.
var jobs = map[string]string{
	"tumble": "SELECT auction, count(*) AS n, max(price) AS x, window_start AS w FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(at), INTERVAL '10' SECOND)) GROUP BY auction, window_start, window_end",
	"hop":    "SELECT auction, count(*) AS n, min(price) AS x, window_end AS w FROM TABLE(HOP(TABLE bid, DESCRIPTOR(at), INTERVAL '2' SECOND, INTERVAL '6' SECOND)) GROUP BY auction, window_start, window_end",
	"join": `SELECT a.auction, a.n, b.n AS x, a.w FROM
		(SELECT auction, count(*) AS n, window_start AS w FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(at), INTERVAL '5' SECOND)) GROUP BY auction, window_start, window_end) a
		JOIN (SELECT bidder, count(*) AS n, window_start AS w FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(at), INTERVAL '5' SECOND)) GROUP BY bidder, window_start, window_end) b
		ON a.auction = b.bidder AND a.w = b.w`,
	"group": "SELECT auction, count(*) AS n, count(DISTINCT bidder) AS x, max(at) AS w FROM bid GROUP BY auction",
	"nested": `SELECT MOD(auction, 4) AS auction, max(n) AS n, count(*) AS x, w FROM
		(SELECT auction, count(*) AS n, window_start AS w, window_end AS e FROM TABLE(HOP(TABLE bid, DESCRIPTOR(at), INTERVAL '2' SECOND, INTERVAL '6' SECOND)) GROUP BY auction, window_start, window_end)
		GROUP BY MOD(auction, 4), w, e`,
	"partitions": "SELECT auction, MOD(bidder, 10) AS n, price AS x, at AS w FROM bid WHERE MOD(auction, 7) = 1",
	"rows":       "SELECT auction, bidder AS n, price AS x, at AS w FROM bid WHERE MOD(auction, 7) = 0",
}

func TestKilledJobsWriteEveryRowOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for half a minute")
	}
	dir, binary := t.TempDir(), build(t)
	rng := rand.New(rand.NewPCG(*seed, 0))
	names := make([]string, 0, len(jobs))
	for name := range jobs {
		names = append(names, name)
	}
	slices.Sort(names)
	want := map[string][]string{}
	done, restored := 0, 0
	for round := 0; done < *kills; round++ {
		name := names[round%len(names)]
		if want[name] == nil {
			want[name] = runToEnd(t, binary, filepath.Join(dir, name), name, "batch")
		}
		work := filepath.Join(dir, fmt.Sprintf("%s-%d", name, round))
		n, resumed := runKilled(t, binary, work, name, rng)
		done, restored = done+n, restored+resumed
		got := output(t, work)
		if !slices.Equal(got, want[name]) {
			t.Fatalf("seed %d, job %s, round %d, killed %d times: %d rows, want %d", *seed, name, round, n, len(got), len(want[name]))
		}
	}
	t.Logf("seed %d: %d processes killed, %d restored from a checkpoint", *seed, done, restored)
	if restored < 5 {
		t.Errorf("only %d of %d restarts found a checkpoint: the delays are too short for this machine", restored, done)
	}
}

// build builds the engine's binary.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "anabranch")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "github.com/anabranch/anabranch/cmd/anabranch").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// script writes the job's script into work.
func script(t *testing.T, work, name, mode string) {
	t.Helper()
	if err := os.MkdirAll(work, 0o755); err != nil {
		t.Fatal(err)
	}
	partitioned := ""
	if name == "partitions" {
		partitioned = "PARTITIONED BY (n) "
	}
	text := fmt.Sprintf(`SET 'execution.runtime-mode' = '%s';%s
CREATE TABLE result (auction BIGINT, n BIGINT, x BIGINT, w TIMESTAMP(3)) %sWITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'csv', 'csv.header' = 'false');
INSERT INTO result %s;
`, mode, nexmark, partitioned, jobs[name])
	if err := os.WriteFile(filepath.Join(work, "job.sql"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func command(t *testing.T, binary, work string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	c := exec.CommandContext(t.Context(), binary, append([]string{"run", "job.sql"}, args...)...)
	var log bytes.Buffer
	c.Dir, c.Stdout, c.Stderr = work, &log, &log
	return c, &log
}

func runToEnd(t *testing.T, binary, work, name, mode string) []string {
	t.Helper()
	script(t, work, name, mode)
	c, log := command(t, binary, work)
	if err := c.Run(); err != nil {
		t.Fatalf("job %s: %v\n%s", name, err, log)
	}
	rows := output(t, work)
	if len(rows) < 100 {
		t.Fatalf("job %s wrote %d rows only", name, len(rows))
	}
	return rows
}

// runKilled runs a job again and again, each time killed after a random delay, until one run
// ends by itself, and counts the kills and the runs that went on from a checkpoint.
func runKilled(t *testing.T, binary, work, name string, rng *rand.Rand) (killed, restored int) {
	t.Helper()
	script(t, work, name, "streaming")
	for killed < 100 {
		parallelism := fmt.Sprint(1 + rng.IntN(3))
		c, log := command(t, binary, work, "--resume", "--parallelism", parallelism)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		delay := time.Duration(10+rng.IntN(150+40*killed)) * time.Millisecond
		timer := time.AfterFunc(delay, func() { _ = c.Process.Signal(syscall.SIGKILL) }) // fails if it has ended
		err := c.Wait()
		timer.Stop()
		if strings.Contains(log.String(), "resuming from checkpoint") {
			restored++
		}
		var exit *exec.ExitError
		switch {
		case err == nil:
			return killed, restored
		case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL:
			killed++
		default:
			t.Fatalf("seed %d, job %s, parallelism %s, after %d kills: %v\n%s", *seed, name, parallelism, killed, err, log)
		}
	}
	t.Fatalf("seed %d, job %s: not done after %d kills", *seed, name, killed)
	return killed, restored
}

// output are the sorted lines of the files a reader of the table sees.
func output(t *testing.T, work string) []string {
	t.Helper()
	var rows []string
	root := filepath.Join(work, "out")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.HasPrefix(d.Name(), ".") {
			t.Errorf("%s is left behind", path)
			return err
		}
		partition := strings.TrimPrefix(filepath.Dir(path), root)
		for _, row := range strings.Split(strings.TrimSpace(string(text)), "\n") {
			rows = append(rows, partition+row)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(rows)
	return rows
}
