package generator

import (
	"errors"
	"io"
	"testing"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

func readAll(t testing.TB, options map[string]string, parallelism int, each func(b *columnar.Batch)) {
	t.Helper()
	src, err := Nexmark{}.Source(&catalog.TableSpec{Name: "n", Schema: nexmarkSchema(), Options: options})
	if err != nil {
		t.Fatal(err)
	}
	splits, err := src.Splits(t.Context(), parallelism)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range splits {
		r, err := src.Open(t.Context(), s, dataflow.ReadRequest{Columns: []int{0, 1, 2, 3}})
		if err != nil {
			t.Fatal(err)
		}
		for {
			b, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			each(b)
		}
	}
}

func TestEventsDoNotDependOnParallelism(t *testing.T) {
	options := map[string]string{"events.num": "50001"}
	var sums [2][5]int64
	for p := range 2 {
		readAll(t, options, 1+2*p, func(b *columnar.Batch) {
			s := &sums[p]
			s[0] += int64(b.Len())
			for i := range b.Len() {
				kind := columnar.Values[int32](b.Cols[0])[i]
				s[1+kind]++
				for k := range 3 {
					if b.Cols[1+k].IsNull(i) != (int32(k) != kind) {
						t.Fatalf("row %d of kind %d: nulls are wrong", i, kind)
					}
				}
			}
			for _, h := range columnar.HashRows(nil, b.Cols, nil, b.Len()) {
				s[4] += int64(h)
			}
		})
	}
	if sums[0] != sums[1] {
		t.Errorf("1 reader: %v, 3 readers: %v", sums[0], sums[1])
	}
	if sums[0][0] != 50001 || sums[0][1] != 1001 || sums[0][2] != 3000 || sums[0][3] != 46000 {
		t.Errorf("events: %v", sums[0])
	}
}

func TestBadOptions(t *testing.T) {
	for key, value := range map[string]string{"events.num": "many", "first-event.rate": "0", "bid.avg-size": "big", "no.such": "1"} {
		_, err := Nexmark{}.Source(&catalog.TableSpec{Name: "n", Schema: nexmarkSchema(), Options: map[string]string{key: value}})
		if err == nil {
			t.Errorf("%s=%s was accepted", key, value)
		}
	}
}

func BenchmarkEvents(b *testing.B) {
	events := 0
	c, err := newNexmarkConfig(nil)
	if err != nil {
		b.Fatal(err)
	}
	r := newNexmarkReader(c, 0, 1, []int{0, 1, 2, 3})
	b.ReportAllocs()
	for b.Loop() {
		batch, err := r.Next()
		if err != nil {
			b.Fatal(err)
		}
		events += batch.Len()
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}
