package session

import (
	"context"
	"fmt"
	"strconv"

	"github.com/anabranch/anabranch/bench/tpch"
	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/sql/binder"
	"github.com/anabranch/anabranch/sql/parser"
)

// fake is a connector that describes tables but holds none.
type fake struct {
	name    string
	bounded bool
}

func (f fake) Name() string { return f.name }

func (f fake) Options() []catalog.Option {
	return []catalog.Option{
		{Key: "path"},
		{Key: "format"},
		{Key: "rows"},
		{Key: "events.num"},
		{Key: "csv.*"},
		{Key: "first-event.rate"},
		{Key: "person.proportion"},
		{Key: "topic"},
		{Key: "properties.*"},
		{Key: "scan.startup.mode"},
		{Key: "sink.partitioner"},
	}
}

func (f fake) Source(spec *catalog.TableSpec) (dataflow.Source, error) {
	rows, err := strconv.ParseInt(spec.Options["rows"], 10, 64)
	if err != nil {
		rows = -1
	}
	return fakeSource{bounded: f.bounded, rows: rows}, nil
}

func (f fake) Sink(*catalog.TableSpec) (dataflow.Operator, error) {
	return nil, fmt.Errorf("%s cannot run", f.name)
}

func (f fake) TakesChangelog(*catalog.TableSpec) bool { return f.name == "blackhole" }

func (f fake) KeepsNewest(*catalog.TableSpec) bool { return f.name == "blackhole" }

func (f fake) ReadsUpserts(*catalog.TableSpec) bool { return f.name == "upsert-kafka" }

func (f fake) Infer(_ context.Context, options map[string]string) (*columnar.Schema, error) {
	if options["format"] == "" {
		return nil, fmt.Errorf("'%s' does not exist", options["path"])
	}
	return columnar.NewSchema(
		columnar.Field{Name: "id", Type: columnar.TypeBigInt},
		columnar.Field{Name: "label", Type: columnar.TypeString},
	), nil
}

type fakeSource struct {
	bounded bool
	rows    int64
}

func (s fakeSource) Bounded() bool { return s.bounded }

func (s fakeSource) RowCount() (int64, bool) { return s.rows, s.rows >= 0 }

func (s fakeSource) Splits(context.Context, int) ([]dataflow.Split, error) { return nil, nil }

func (s fakeSource) Open(context.Context, dataflow.Split, dataflow.ReadRequest) (dataflow.Reader, error) {
	return nil, fmt.Errorf("a fake source cannot be read")
}

func newFakeSession() *Session {
	return New(catalog.NewRegistry(
		fake{name: "filesystem", bounded: true}, fake{name: "nexmark"}, fake{name: "kafka"}, fake{name: "upsert-kafka"}, fake{name: "blackhole", bounded: true}, fake{name: "memory", bounded: true},
	))
}

// addTPCH declares the tables of TPC-H with the row counts of scale factor 1.
func addTPCH(s *Session) error {
	rows := map[string]int64{
		"region": 5, "nation": 25, "supplier": 10_000, "customer": 150_000, "part": 200_000,
		"partsupp": 800_000, "orders": 1_500_000, "lineitem": 6_001_215,
	}
	for _, name := range tpch.Tables() {
		t := &catalog.Table{Name: name, Options: map[string]string{
			"connector": "filesystem", "path": name + ".parquet", "rows": strconv.FormatInt(rows[name], 10),
		}}
		for _, c := range tpch.Columns(name) {
			tree, err := parser.ParseType(c.Type)
			if err != nil {
				return err
			}
			typ, err := binder.Type(tree)
			if err != nil {
				return err
			}
			t.Columns = append(t.Columns, catalog.Column{Name: c.Name, Type: typ})
		}
		if err := s.Catalog.AddTable(t); err != nil {
			return err
		}
	}
	return nil
}
