package json

import (
	"fmt"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/columnar"
)

// BenchmarkShapes decodes objects of 20 fields, of which half are of the schema: all of one shape, of two
// in turn, and each with its fields in another order.
func BenchmarkShapes(b *testing.B) {
	schema := &columnar.Schema{}
	for i := range 10 {
		schema.Fields = append(schema.Fields, f(fmt.Sprintf("field%d", 2*i), columnar.TypeBigInt))
	}
	object := func(first int) []byte {
		fields := make([]string, 20)
		for i := range fields {
			k := (first + i) % 20
			fields[i] = fmt.Sprintf(`"field%d":%d`, k, k*1001)
		}
		return []byte("{" + strings.Join(fields, ",") + "}")
	}
	for _, shapes := range []int{1, 2, 20} {
		b.Run(fmt.Sprint(shapes), func(b *testing.B) {
			m, err := NewMessages(schema, Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer m.Release()
			var objects [][]byte
			for i := range shapes {
				objects = append(objects, object(i))
			}
			m.Reset(1)
			i := 0
			for b.Loop() {
				if err := m.Decode(0, objects[i%shapes]); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

// TestMixedShapes checks that objects of several shapes are seldom learned and those of one are at once.
func TestMixedShapes(t *testing.T) {
	m, err := NewMessages(columnar.NewSchema(f("a", columnar.TypeBigInt), f("b", columnar.TypeBigInt)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Release()
	m.Reset(1)
	decode := func(n int, objects ...string) {
		for i := range n {
			if err := m.Decode(0, []byte(objects[i%len(objects)])); err != nil {
				t.Fatal(err)
			}
		}
	}
	l := &m.plan.leads
	decode(1000, `{"a":1,"b":2}`, `{"b":1,"a":2}`, `{"a":1}`)
	if l.wait != waitMax {
		t.Errorf("%d objects are passed over, want %d", l.wait, waitMax)
	}
	decode(2*waitMax+likeMin, `{"c":1,"b":2}`)
	if l.wait != 0 || len(l.list) != 2 || l.list[0].field != -1 {
		t.Errorf("%d objects are passed over, leads are %v", l.wait, l.list)
	}
	decode(1, `{"b":3}`)
	if len(l.list) != 1 || l.list[0].field != 1 {
		t.Errorf("a shape that follows one of many objects is not learned: %v", l.list)
	}
}
