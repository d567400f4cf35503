package metrics

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/scheduler"
)

func TestServer(t *testing.T) {
	s, err := Listen("localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Job("early", scheduler.Progress{Watermark: dataflow.MinTime})
	s.Job("busy", scheduler.Progress{
		RowsRead: 7, Watermark: 1_500_000, StateBytes: 99, Restarts: 2, Skipped: map[string]int64{"late": 3},
		Checkpoints: scheduler.CheckpointStats{Complete: 4, Failed: 1, Newest: scheduler.Completed{Bytes: 512, Took: 250 * time.Millisecond}},
	})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr()+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Body.Close() != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`anabranch_job_running{job="early"} 1`, `anabranch_job_read_rows_total{job="busy"} 7`, `anabranch_job_watermark_seconds{job="busy"} 1.5`,
		`anabranch_job_state_bytes{job="busy"} 99`, `anabranch_job_restarts_total{job="busy"} 2`, `anabranch_job_skipped_rows_total{job="busy",reason="late"} 3`,
		`anabranch_job_checkpoints_total{job="busy"} 4`, `anabranch_job_checkpoints_failed_total{job="busy"} 1`,
		`anabranch_job_last_checkpoint_bytes{job="busy"} 512`, `anabranch_job_last_checkpoint_seconds{job="busy"} 0.25`, "go_goroutines ",
	} {
		if !strings.Contains(string(body), want+"\n") && !strings.Contains(string(body), "\n"+want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(string(body), `watermark_seconds{job="early"}`) {
		t.Error("a watermark before the first")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Listen("nowhere:x"); err == nil || !strings.Contains(err.Error(), "--metrics-addr") {
		t.Errorf("a bad address: %v", err)
	}
}
