package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/io/file"
	"github.com/anabranch/anabranch/scheduler"
	"github.com/anabranch/anabranch/sql/parser"
	"github.com/anabranch/anabranch/sql/session"
)

// queries are run over the tables of TPC-H in the folder ANABRANCH_TPCH; $name is a table's file.
var queries = []struct {
	name        string
	parallelism int
	sql         string
}{
	{"scan numeric", 1, "SELECT sum(l_quantity), sum(l_extendedprice), sum(l_discount), sum(l_tax) FROM $lineitem WHERE l_shipdate <= DATE '1998-09-02'"},
	{"scan strings", 1, "SELECT min(l_returnflag), min(l_comment) FROM $lineitem"},
	{"group by 4", 2, "SELECT l_returnflag, l_linestatus, sum(l_quantity), count(*) FROM $lineitem GROUP BY 1, 2"},
	{"group by 1.5 M", 2, "SELECT count(*), sum(q) FROM (SELECT l_orderkey, sum(l_quantity) AS q FROM $lineitem GROUP BY 1) AS t"},
	{"group by unique key", 2, "SELECT count(*), sum(q) FROM (SELECT o_orderkey, sum(o_totalprice) AS q FROM $orders GROUP BY 1) AS t"},
	{"group by shuffled key", 2, "SELECT count(*), sum(q) FROM (SELECT l_partkey, l_suppkey, sum(l_quantity) AS q FROM $lineitem GROUP BY 1, 2) AS t"},
	{"join lineitem orders", 2, "SELECT count(*), sum(l_quantity), sum(o_totalprice) FROM $lineitem JOIN $orders ON l_orderkey = o_orderkey"},
	{"sort by date and key", 2, "SELECT l_shipdate, l_orderkey FROM $lineitem ORDER BY 1, 2"},
}

func BenchmarkTPCH(b *testing.B) {
	dir := os.Getenv("ANABRANCH_TPCH")
	if dir == "" {
		b.Skip("ANABRANCH_TPCH names no folder with the TPC-H tables as Parquet")
	}
	for _, q := range queries {
		sql := q.sql
		for _, table := range []string{"lineitem", "orders"} {
			sql = strings.ReplaceAll(sql, "$"+table, "'"+filepath.Join(dir, table+".parquet")+"'")
		}
		b.Run(q.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if n := run(b, sql, q.parallelism); n == 0 {
					b.Fatal("no rows")
				}
			}
		})
	}
}

// run executes one query and returns the number of its rows.
func run(b *testing.B, sql string, parallelism int) int {
	b.Helper()
	statements, err := parser.Parse(sql)
	if err != nil {
		b.Fatal(err)
	}
	s := session.New(catalog.NewRegistry(file.Connector{}))
	p, err := s.Plan(statements[0], sql)
	if err != nil {
		b.Fatal(err)
	}
	rows := 0
	err = scheduler.Run(b.Context(), p.Job, scheduler.Options{
		Parallelism: parallelism, Connectors: s.Registry, Env: &expr.Env{Location: time.UTC},
		Bindings: scheduler.Bindings{p.CollectUID: func() dataflow.Operator {
			return &scheduler.Collector{Take: func(batch *columnar.Batch) error { rows += batch.Live(); return nil }}
		}},
	})
	if err != nil {
		b.Fatal(err)
	}
	return rows
}
