package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/anabranch/anabranch/cmd/anabranch/internal/generate"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/internal/clock"
)

// Data is where tables of TPC-H lie as Parquet files.
type Data struct {
	Dir   string
	Scale float64 // of the files that have to be made
}

// Validate reports what is wrong with the options.
func (d Data) Validate() error { return generate.TPCH{Scale: d.Scale}.Validate() }

// dir is the folder of the files.
func (d Data) dir() string {
	if d.Dir != "" {
		return d.Dir
	}
	return filepath.Join("data", "tpch-"+strconv.FormatFloat(d.Scale, 'g', -1, 64))
}

// prepare makes the tables that are not there.
func (d Data) prepare(ctx context.Context, o Options) error {
	var missing []string
	for _, table := range []string{"lineitem", "orders"} {
		_, err := os.Stat(filepath.Join(d.dir(), table+".parquet"))
		if errors.Is(err, os.ErrNotExist) {
			missing = append(missing, table)
		} else if err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return generate.TPCH{Scale: d.Scale, Dir: d.dir(), Tables: missing}.Run(ctx, func(w generate.Written) {
		o.note(fmt.Sprintf("%s: %d rows", w.Path, w.Rows))
	})
}

// sql is a query with the paths of the files for $lineitem and $orders.
func (d Data) sql(query string) string {
	for _, table := range []string{"lineitem", "orders"} {
		path := strings.ReplaceAll(filepath.Join(d.dir(), table+".parquet"), "'", "''")
		query = strings.ReplaceAll(query, "$"+table, "'"+path+"'")
	}
	return query
}

// tpchQueries are the queries by the name of their benchmark. Each has one row for its result, or
// rows in order, so that answers can be compared by their number and the first.
var tpchQueries = map[string][]struct{ name, sql string }{
	"scan": {
		{"numbers", "SELECT sum(l_quantity), sum(l_extendedprice), sum(l_discount), sum(l_tax) FROM $lineitem WHERE l_shipdate <= DATE '1998-09-02'"},
		{"strings", "SELECT min(l_returnflag), min(l_comment) FROM $lineitem"},
	},
	"aggregate": {
		{"few groups", "SELECT l_returnflag, l_linestatus, sum(l_quantity), count(*) FROM $lineitem GROUP BY l_returnflag, l_linestatus ORDER BY 1, 2"},
		{"a group an order", "SELECT count(*), sum(q) FROM (SELECT l_orderkey, sum(l_quantity) AS q FROM $lineitem GROUP BY l_orderkey) AS t"},
		{"a group a part and supplier", "SELECT count(*), sum(q) FROM (SELECT l_partkey, l_suppkey, sum(l_quantity) AS q FROM $lineitem GROUP BY l_partkey, l_suppkey) AS t"},
	},
	"join": {
		{"all orders", "SELECT count(*), sum(l_quantity), sum(o_totalprice) FROM $lineitem JOIN $orders ON l_orderkey = o_orderkey"},
		{"orders of a year", "SELECT count(*), sum(l_quantity), sum(o_totalprice) FROM $lineitem JOIN $orders ON l_orderkey = o_orderkey WHERE o_orderdate >= DATE '1995-01-01' AND o_orderdate < DATE '1996-01-01'"},
	},
}

// TPCHNames lists the benchmarks over tables of TPC-H.
func TPCHNames() []string { return slices.Sorted(maps.Keys(tpchQueries)) }

// TPCH runs queries over tables of TPC-H, in pairs with peers.
type TPCH struct {
	Name string // scan, aggregate or join
	Data
	Runs  int // counted ones of each query
	Peers []string
}

// Validate reports what is wrong with the options.
func (t TPCH) Validate() error {
	errs := []error{t.Data.Validate()}
	if t.Runs <= 0 {
		errs = append(errs, fmt.Errorf("%d runs: at least 1 is needed", t.Runs))
	}
	for _, p := range t.Peers {
		_, err := findPeer(p)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// tpchResult is one query.
type tpchResult struct {
	Query           string  `json:"query"`
	Runs            int     `json:"runs"`
	Rows            int64   `json:"rows"` // of the result
	Seconds         float64 `json:"seconds_median"`
	SecondsMin      float64 `json:"seconds_min"`
	SecondsMax      float64 `json:"seconds_max"`
	CPUSeconds      float64 `json:"cpu_seconds_median"`
	PeakMemoryBytes int64   `json:"peak_memory_bytes,omitempty"`
	Peers           []pair  `json:"peers,omitempty"`
}

// pair is the comparison with one peer.
type pair struct {
	Peer       string  `json:"peer"`
	Version    string  `json:"version,omitempty"`
	Seconds    float64 `json:"seconds_median"`
	CPUSeconds float64 `json:"cpu_seconds_median"`
	// The ratio is the peer's time divided by the engine's in the same pair.
	Ratio    float64 `json:"ratio_median"`
	RatioMin float64 `json:"ratio_min"`
	RatioMax float64 `json:"ratio_max"`
}

// Run measures each query of the benchmark.
func (t TPCH) Run(ctx context.Context, o Options) (report *Report, err error) {
	if err := t.prepare(ctx, o); err != nil {
		return nil, err
	}
	var peers []*peer
	defer func() {
		for _, p := range peers {
			err = errors.Join(err, p.close())
		}
	}()
	for _, name := range t.Peers {
		p, err := startPeer(ctx, name)
		if err != nil {
			return nil, err
		}
		peers = append(peers, p)
	}
	r := &Report{
		Benchmark: t.Name, Machine: describe(),
		Parameters: map[string]any{"parallelism": o.Parallelism, "memory_bytes": o.MemoryBytes, "runs": t.Runs, "scale_if_made": t.Scale},
		Measures: []string{
			"seconds and CPU-s: from the text of the query until all rows of its result are read, the median after one run that is not counted; memory: this process at its largest",
			"ratio: the peer's seconds divided by the engine's, by pairs of runs one after the other: the median, the least and the greatest; above 1 the engine is faster",
		},
		head: []string{"query", "rows", "seconds", "least", "most", "CPU-s", "memory", "peer", "seconds", "CPU-s", "ratio", "least", "most"},
	}
	var results []tpchResult
	for _, q := range tpchQueries[t.Name] {
		o.note(t.Name + ": " + q.name)
		result, err := t.measure(ctx, o, q.name, t.sql(q.sql), peers)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", t.Name, q.name, err)
		}
		results = append(results, result)
		result.show(r)
	}
	r.Results = results
	return r, nil
}

func (q tpchResult) show(r *Report) {
	own := []string{
		q.Query, strconv.FormatInt(q.Rows, 10), seconds(q.Seconds), seconds(q.SecondsMin), seconds(q.SecondsMax),
		seconds(q.CPUSeconds), mem.FormatBytes(q.PeakMemoryBytes),
	}
	if len(q.Peers) == 0 {
		r.row(own...)
	}
	for _, p := range q.Peers {
		r.row(append(own[:len(own):len(own)], p.Peer, seconds(p.Seconds), seconds(p.CPUSeconds),
			fmt.Sprintf("%.2f", p.Ratio), fmt.Sprintf("%.2f", p.RatioMin), fmt.Sprintf("%.2f", p.RatioMax))...)
	}
}

// measure runs one query: the engine, the first peer, the second, the engine and so on.
func (t TPCH) measure(ctx context.Context, o Options, name, sql string, peers []*peer) (tpchResult, error) {
	result := tpchResult{Query: name, Runs: t.Runs}
	var own, cpu []float64
	theirs, theirCPU, ratios := make([][]float64, len(peers)), make([][]float64, len(peers)), make([][]float64, len(peers))
	for run := range t.Runs + 1 {
		a, u, err := o.timed(ctx, sql, run == 0)
		if err != nil {
			return result, err
		}
		result.Rows, result.PeakMemoryBytes = a.rows, max(result.PeakMemoryBytes, u.PeakMemoryBytes)
		if run > 0 {
			own, cpu = append(own, u.Seconds), append(cpu, u.CPUSeconds)
		}
		for i, p := range peers {
			b, err := p.run(job{Name: name, SQL: sql, Threads: o.Parallelism, MemoryBytes: o.MemoryBytes, Runs: 1})
			if err != nil {
				return result, err
			}
			if err := same(a, b); err != nil {
				return result, fmt.Errorf("peer %s has another answer: %w", p.name, err)
			}
			if run > 0 {
				theirs[i], theirCPU[i] = append(theirs[i], b.Seconds), append(theirCPU[i], b.CPUSeconds)
				ratios[i] = append(ratios[i], b.Seconds/u.Seconds)
			}
		}
	}
	result.Seconds, result.SecondsMin, result.SecondsMax, result.CPUSeconds = median(own), slices.Min(own), slices.Max(own), median(cpu)
	for i, p := range peers {
		result.Peers = append(result.Peers, pair{
			Peer: p.name, Version: p.version, Seconds: median(theirs[i]), CPUSeconds: median(theirCPU[i]),
			Ratio: median(ratios[i]), RatioMin: slices.Min(ratios[i]), RatioMax: slices.Max(ratios[i]),
		})
	}
	return result, nil
}

// timed runs a query. Memory is only looked at in the run that does not count, for the looking
// itself takes time and so does the cleaning before it.
func (o Options) timed(ctx context.Context, sql string, memory bool) (a answer, u Usage, err error) {
	work := func() error {
		a, err = o.query(ctx, sql)
		return err
	}
	if memory {
		u, err = measure(work)
		return a, u, err
	}
	cpu, watch := cpuSeconds(), clock.Start()
	err = work()
	return a, Usage{Seconds: watch.Elapsed().Seconds(), CPUSeconds: cpuSeconds() - cpu}, err
}

// same compares answers by the number of rows and the first row.
func same(a answer, b jobResult) error {
	if a.rows != b.Rows || len(a.first) != len(b.First) {
		return fmt.Errorf("%d rows of %d columns, want %d of %d", b.Rows, len(b.First), a.rows, len(a.first))
	}
	for i, x := range a.first {
		p, okP := new(big.Rat).SetString(x)
		q, okQ := new(big.Rat).SetString(b.First[i])
		if x != b.First[i] && (!okP || !okQ || p.Cmp(q) != 0) {
			return fmt.Errorf("column %d of the first row is %q, want %q", i+1, b.First[i], x)
		}
	}
	return nil
}
