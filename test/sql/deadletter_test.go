package sql

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/builtin"
	"github.com/anabranch/anabranch/sql/session"
)

// TestKilledJobsKeepBadRowsOnce kills jobs that read rows, good ones and bad ones, and goes on from their
// checkpoints: each row is either read once or kept once.
func TestKilledJobsKeepBadRowsOnce(t *testing.T) {
	const rows = 6000
	for _, format := range []string{"csv", "json"} {
		t.Run(format, func(t *testing.T) {
			in, bad, before := t.TempDir(), t.TempDir(), restores.Load()
			var text [3]strings.Builder
			for i := range rows {
				v := fmt.Sprint(i)
				if i%7 == 3 || i > rows-5 {
					v = "bad"
				}
				line := fmt.Sprintf("%d,%s\n", i, v)
				if format == "json" {
					line = fmt.Sprintf("{\"id\": %d, \"v\": %s}\n", i, v)
				}
				text[i%3].WriteString(line)
			}
			for i := range text {
				if err := os.WriteFile(filepath.Join(in, fmt.Sprintf("%d.%s", i, format)), []byte(text[i].String()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s := session.New(builtin.Connectors())
			run(t, s, fmt.Sprintf(`CREATE TABLE t (id BIGINT, v BIGINT) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = '%s',
				'csv.header' = 'false', 'on-error' = 'dead-letter', 'on-error.dead-letter.path' = '%s')`, in, format, bad), ways[0])
			got := run(t, s, "SELECT count(*), count(DISTINCT id), sum(v - id) FROM t", way{parallelism: 2, batchRows: 7, streaming: true, restore: true})
			if restores.Load() == before {
				t.Error("no job went on from a checkpoint")
			}
			kept := 0
			for i := range rows {
				if i%7 == 3 || i > rows-5 {
					kept++
				}
			}
			if want := []string{fmt.Sprintf("%d | %d | 0", rows-kept, rows-kept)}; !slices.Equal(got, want) {
				t.Errorf("rows read: %v, want %v", got, want)
			}
			got = run(t, s, fmt.Sprintf("SELECT count(*), count(DISTINCT text), count(DISTINCT source) FROM '%s'", bad), ways[0])
			if want := []string{fmt.Sprintf("%d | %d | 3", kept, kept)}; !slices.Equal(got, want) {
				t.Errorf("rows kept: %v, want %v", got, want)
			}
			hidden, err := filepath.Glob(filepath.Join(bad, ".*"))
			if err != nil || len(hidden) > 0 {
				t.Errorf("left behind: %v, %v", hidden, err)
			}
		})
	}
}
