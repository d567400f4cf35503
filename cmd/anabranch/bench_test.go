package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
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
		if events := result["events"].(float64); events != 20000 || result["scans"].(float64) < 1 {
			t.Errorf("%s: %v events of %v scans", name, events, result["scans"])
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

func TestBenchTPCH(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]int{"scan": 2, "aggregate": 3, "join": 2} {
		r := runBench(t, name, "--dir", dir, "--scale", "0.001", "--runs", "2")
		if len(r.Results) != want {
			t.Errorf("%s: %d results", name, len(r.Results))
		}
		for _, result := range r.Results {
			if result["rows"].(float64) < 1 || result["runs"].(float64) != 2 || result["seconds_median"].(float64) <= 0 {
				t.Errorf("%s: %v", name, result)
			}
		}
	}
	if out := execute(t, "", "bench", "scan", "--dir", dir, "--runs", "1"); out.status != 0 || !strings.Contains(out.out, "numbers") {
		t.Errorf("status %d, %s%s", out.status, out.out, out.err)
	}
}

// TestMain is a peer where a test starts this program under the name of one: it answers the job of a name
// as the environment tells it.
func TestMain(m *testing.M) {
	name, ok := strings.CutPrefix(filepath.Base(os.Args[0]), "anabranch-peer-")
	if !ok {
		os.Exit(m.Run())
	}
	for in := json.NewDecoder(os.Stdin); ; {
		var job struct{ Name string }
		if in.Decode(&job) != nil {
			return
		}
		first := os.Getenv("ANABRANCH_TEST_" + name + "_" + job.Name)
		fmt.Printf(`{"version":"v1","run":1,"seconds":0.5,"cpu_seconds":0.25,"rows":1,"first":[%s]}`+"\n", first)
	}
}

func TestBenchPeer(t *testing.T) {
	dir, bin := t.TempDir(), t.TempDir()
	execute(t, "", "generate", "tpch", "--scale", "0.001", "--dir", dir, "--tables", "lineitem,orders").want(t, 0, "", "lineitem")
	answer := func(columns string) string {
		q := execute(t, "", "sql", "-o", "csv", "-c", "SELECT "+columns+" FROM '"+dir+"/lineitem.parquet' WHERE l_shipdate <= DATE '1998-09-02'")
		lines := strings.Split(q.out, "\n")
		if q.status != 0 || len(lines) < 2 {
			t.Fatalf("status %d, %s%s", q.status, q.out, q.err)
		}
		return `"` + strings.ReplaceAll(lines[1], ",", `","`) + `"`
	}
	numbers := answer("sum(l_quantity), sum(l_extendedprice), sum(l_discount), sum(l_tax)")
	texts := execute(t, "", "sql", "-o", "json", "-c", "SELECT min(l_returnflag) AS a, min(l_comment) AS b FROM '"+dir+"/lineitem.parquet'")
	var text struct{ A, B string }
	if err := json.Unmarshal([]byte(texts.out), &text); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, numbers string) {
		if err := os.Symlink(self, filepath.Join(bin, "anabranch-peer-"+name)); err != nil {
			t.Fatal(err)
		}
		t.Setenv("ANABRANCH_TEST_"+name+"_numbers", numbers)
		t.Setenv("ANABRANCH_TEST_"+name+"_strings", fmt.Sprintf("%q,%q", text.A, text.B))
	}
	write("right", numbers)
	write("wrong", `"1","2","3","4"`)
	for _, result := range runBench(t, "scan", "--dir", dir, "--runs", "3", "--peers", "right").Results {
		peer := result["peers"].([]any)[0].(map[string]any)
		if peer["peer"] != "right" || peer["version"] != "v1" || peer["seconds_median"] != 0.5 || peer["cpu_seconds_median"] != 0.25 || peer["ratio_median"].(float64) <= 0 {
			t.Errorf("%v", peer)
		}
	}
	execute(t, "", "bench", "scan", "--dir", dir, "--runs", "1", "--peers", "wrong").want(t, 1, "", "peer wrong has another answer")
	execute(t, "", "bench", "scan", "--dir", dir, "--peers", "none").want(t, 2, "", "anabranch-peer-none")
}

func TestBenchCancel(t *testing.T) {
	r := runBench(t, "cancel", "--dir", t.TempDir(), "--scale", "0.01", "--points", "5")
	if len(r.Results) != 3 {
		t.Fatalf("%d results", len(r.Results))
	}
	for _, result := range r.Results {
		if n := result["canceled"].(float64); result["points"].(float64) != 5 || n > 5 || n > 0 && result["max_ms"].(float64) <= 0 {
			t.Errorf("%v", result)
		}
	}
}

func TestBenchKernels(t *testing.T) {
	r := runBench(t, "kernels", "--rows", "1000", "--repeat", "2", "--pairs", "3")
	var names []string
	for _, result := range r.Results {
		names = append(names, result["kernel"].(string))
		if result["rows_per_second"].(float64) <= 0 || result["hand_written_rows_per_second"].(float64) <= 0 {
			t.Errorf("%v", result)
		}
	}
	if got := strings.Join(names, " "); got != "compare arithmetic hash take sum" {
		t.Errorf("kernels %s", got)
	}
}

func TestBenchUsage(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"bench nexmark --queries q99", `unknown query "q99"`},
		{"bench nexmark --seconds 0", "must be positive"},
		{"bench kernels --format xml", `unknown format "xml"`},
		{"bench kernels --pairs 0", "at least 1"},
		{"bench scan --runs 0", "at least 1"},
		{"bench cancel --points 0", "at least 1"},
		{"bench nothing", "unknown command"},
	} {
		execute(t, "", strings.Fields(c.line)...).want(t, 2, "", "error: ", c.want)
	}
}

func TestBenchCheckpoint(t *testing.T) {
	r := runBench(t, "checkpoint", "--keys", "1000", "--changed", "0.5", "--interval", "20ms", "--count", "3", "--parallelism", "2")
	if len(r.Results) != 3 {
		t.Fatalf("%d checkpoints", len(r.Results))
	}
	changes := 0.0
	for _, result := range r.Results {
		// Each key and its values are in every checkpoint.
		if result["bytes"].(float64) < 1000*8 || result["seconds"].(float64) <= 0 {
			t.Errorf("%v", result)
		}
		changes += result["changes"].(float64)
	}
	if changes == 0 {
		t.Error("nothing changed")
	}
}
