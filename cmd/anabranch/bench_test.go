package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// benchReport is what tests look at in a report.
type benchReport struct {
	Benchmark string
	Machine   struct {
		CPU   string
		Cores int
		Go    string
		OS    string
	}
	Measures []string
	Results  []map[string]any
}

// benchmark runs a command and reads its report.
func runBench(t *testing.T, args ...string) benchReport {
	t.Helper()
	r := execute(t, "", append([]string{"bench", "--format", "json"}, args...)...)
	if r.status != 0 {
		t.Fatalf("bench %s: status %d, stderr: %s", args, r.status, r.err)
	}
	var report benchReport
	if err := json.Unmarshal([]byte(r.out), &report); err != nil {
		t.Fatalf("%v in %s", err, r.out)
	}
	if report.Benchmark != args[0] || report.Machine.CPU == "" || report.Machine.Cores < 1 || report.Machine.Go == "" || len(report.Measures) == 0 {
		t.Errorf("bench %s: %+v", args, report)
	}
	return report
}

func TestBenchNexmark(t *testing.T) {
	r := runBench(t, "nexmark", "--events", "20000", "--checkpoint-interval", "5ms", "--parallelism", "2")
	var names []string
	for _, result := range r.Results {
		name := result["query"].(string)
		names = append(names, name)
		// q5 and q8 read their input once or twice, as the plan has it.
		events := result["events"].(float64)
		if events != 20000 && events != 40000 {
			t.Errorf("%s: %v events", name, events)
		}
		if result["events_per_second"].(float64) <= 0 || result["peak_memory_bytes"].(float64) <= 0 {
			t.Errorf("%s: %v", name, result)
		}
		if name != "generator" && result["checkpoints"].(float64) < 1 {
			t.Errorf("%s took no checkpoint", name)
		}
	}
	if got := strings.Join(names, " "); got != "generator q0 q1 q2 q5 q7 q8" {
		t.Errorf("queries %s", got)
	}
	r = runBench(t, "nexmark", "--seconds", "0.05", "--queries", "q2")
	if len(r.Results) != 2 || r.Results[1]["events"].(float64) <= 0 {
		t.Errorf("results %v", r.Results)
	}
}
