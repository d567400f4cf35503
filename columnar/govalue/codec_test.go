package govalue

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
)

type inner struct {
	S string
	P *int32
	B []byte
}

type everything struct {
	Bool   bool
	I8     int8
	U8     uint8
	I16    int16
	U16    uint16
	I32    int32
	U32    uint32
	I64    int64
	Int    int
	F32    float32
	F64    float64
	S      string `anabranch:"text"`
	B      []byte
	T      time.Time
	D      time.Duration
	PBool  *bool
	PS     *string
	PT     *time.Time
	In     inner
	PIn    *inner
	hidden int `anabranch:"-"` //nolint:unused // shows that the tag leaves it out
}

func drawTime(t *rapid.T) time.Time {
	return TimeOf(rapid.Int64Range(-1<<58, 1<<58).Draw(t, "micros"))
}

func drawBytes(t *rapid.T) []byte {
	if rapid.Bool().Draw(t, "nil") {
		return nil
	}
	return rapid.SliceOfN(rapid.Byte(), 0, 30).Draw(t, "bytes")
}

func drawInner(t *rapid.T) inner {
	return inner{S: rapid.String().Draw(t, "s"), P: rapid.Ptr(rapid.Int32(), true).Draw(t, "p"), B: drawBytes(t)}
}

func drawEverything(t *rapid.T) everything {
	e := everything{
		Bool: rapid.Bool().Draw(t, "bool"), I8: rapid.Int8().Draw(t, "i8"), U8: rapid.Uint8().Draw(t, "u8"),
		I16: rapid.Int16().Draw(t, "i16"), U16: rapid.Uint16().Draw(t, "u16"), I32: rapid.Int32().Draw(t, "i32"),
		U32: rapid.Uint32().Draw(t, "u32"), I64: rapid.Int64().Draw(t, "i64"), Int: rapid.Int().Draw(t, "int"),
		F32: rapid.Float32().Draw(t, "f32"), F64: rapid.Float64().Draw(t, "f64"), S: rapid.String().Draw(t, "s"),
		B: drawBytes(t), T: drawTime(t), D: time.Duration(rapid.Int64().Draw(t, "d")),
		PBool: rapid.Ptr(rapid.Bool(), true).Draw(t, "pbool"), PS: rapid.Ptr(rapid.String(), true).Draw(t, "ps"),
		PT: rapid.Ptr(rapid.Custom(drawTime), true).Draw(t, "pt"), In: drawInner(t),
	}
	if rapid.Bool().Draw(t, "pin") {
		in := drawInner(t)
		e.PIn = &in
	}
	return e
}

func TestRowsSurviveColumns(t *testing.T) {
	c, err := Of(reflect.TypeFor[everything]())
	if err != nil {
		t.Fatal(err)
	}
	schema := columnar.NewSchema(c.Columns("")...)
	before := mem.AllocatedBytes()
	rapid.Check(t, func(t *rapid.T) {
		co := NewCoder[everything](c)
		b := columnar.NewBatch(schema)
		defer b.Release()
		for range 2 { // the second time with used memory
			rows := rapid.SliceOfN(rapid.Custom(drawEverything), 1, 20).Draw(t, "rows")
			b.Reset(len(rows))
			co.Encode(b.Cols, rows)
			sel := []int32{}
			var want []everything
			for i, r := range rows {
				if rapid.Bool().Draw(t, "selected") {
					sel, want = append(sel, int32(i)), append(want, r)
				}
			}
			same(t, co.Decode(b.Cols, sel), want)
			// As a snapshot or an exchange would have it.
			other := columnar.NewBatch(schema)
			if _, err := columnar.DecodeBatch(other, columnar.EncodeBatch(nil, b.WithSel(sel))); err != nil {
				t.Fatal(err)
			}
			same(t, co.Decode(other.Cols, (&Positions{}).Of(other)), want)
			other.Release()
		}
	})
	if n := mem.AllocatedBytes() - before; n != 0 {
		t.Errorf("%d bytes are not given back", n)
	}
}

func same(t *rapid.T, got, want []everything) {
	t.Helper()
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

func TestTypesAreRefused(t *testing.T) {
	type node struct{ Next *struct{ N []int } }
	for want, typ := range map[string]reflect.Type{
		"field A: uint64 is not supported":        reflect.TypeFor[struct{ A uint64 }](),
		"field Next: field N: []int is not":       reflect.TypeFor[node](),
		"field a is not exported":                 reflect.TypeFor[struct{ a int }](),
		`field B: a second column "x"`:            reflect.TypeFor[doubled](),
		"contains itself":                         reflect.TypeFor[recursive](),
		"struct {} has no fields":                 reflect.TypeFor[struct{}](),
		"map[string]int is not supported":         reflect.TypeFor[map[string]int](),
		"field P: **int is not supported":         reflect.TypeFor[struct{ P **int }](),
		"field F: interface {} is not supported:": reflect.TypeFor[struct{ F any }](),
	} {
		if _, err := Of(typ); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, not %q", typ, err, want)
		}
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[struct{ F float64 }](), reflect.TypeFor[*int]()} {
		if _, err := OfKey(typ); err == nil || !strings.Contains(err.Error(), "cannot be part of a key") {
			t.Errorf("key %s: %v", typ, err)
		}
	}
}

type doubled struct {
	A int `anabranch:"x"`
	B int `anabranch:"x"`
}

type recursive struct{ Next *recursive }

func TestValuesOutsideOfUnsignedTypesAreFound(t *testing.T) {
	type signed struct {
		A *int16
		B int32
		C int64
		R *struct{ A int16 }
	}
	type unsigned struct {
		A *uint8
		B uint16
		C uint32
		R *struct{ A uint8 }
	}
	from, err := Of(reflect.TypeFor[signed]())
	if err != nil {
		t.Fatal(err)
	}
	to, err := Of(reflect.TypeFor[unsigned]())
	if err != nil {
		t.Fatal(err)
	}
	high, tooHigh := int16(255), int16(256)
	rows := []signed{
		{}, {&high, 1<<16 - 1, 1<<32 - 1, &struct{ A int16 }{255}}, // rows that fit
		{A: &tooHigh}, {B: -1}, {C: 1 << 32}, {R: &struct{ A int16 }{-1}},
	}
	b := columnar.NewBatch(columnar.NewSchema(from.Columns("")...))
	b.Reset(len(rows))
	NewCoder[signed](from).Encode(b.Cols, rows)
	if err := to.Check(b.Cols, []int32{0, 1}); err != nil {
		t.Error(err)
	}
	for i, want := range []string{
		`column "A": 256 is no value of the Go type uint8`, `column "B": -1 is no value of the Go type uint16`,
		`column "C": 4294967296 is no value of the Go type uint32`, `column "R": field "A": -1 is no value of the Go type uint8`,
	} {
		if err := to.Check(b.Cols, []int32{0, int32(i + 2)}); err == nil || err.Error() != want {
			t.Errorf("%v, not %q", err, want)
		}
	}
}

func TestEveryEncodingIsDecoded(t *testing.T) {
	type row struct {
		S *string
		N int64
	}
	c, err := Of(reflect.TypeFor[row]())
	if err != nil {
		t.Fatal(err)
	}
	dict := columnar.NewVector(columnar.TypeString)
	dict.Reset(2)
	dict.SetString(0, "short")
	dict.SetString(1, "a string that is not short")
	s := columnar.NewVector(columnar.TypeString)
	copy(s.SetDictionary(dict, 3), []int32{1, 0, 0})
	s.SetNull(2)
	n := columnar.NewVector(columnar.TypeBigInt)
	n.Reset(1)
	columnar.Values[int64](n)[0] = 7
	n.SetConstant(3)
	got := NewCoder[row](c).Decode([]*columnar.Vector{s, n}, []int32{0, 1, 2})
	if *got[0].S != "a string that is not short" || *got[1].S != "short" || got[2].S != nil || got[0].N != 7 || got[2].N != 7 {
		t.Errorf("got %+v", got)
	}
}

type fares struct {
	Start time.Time
	City  string
	Sum   int64
	Tips  int64
}

func BenchmarkCoder(b *testing.B) {
	c, err := Of(reflect.TypeFor[fares]())
	if err != nil {
		b.Fatal(err)
	}
	rows := make([]fares, columnar.BatchRows)
	for i := range rows {
		rows[i] = fares{Start: TimeOf(int64(i)), City: "a city with a long name", Sum: int64(i)}
	}
	batch := columnar.NewBatch(columnar.NewSchema(c.Columns("")...))
	defer batch.Release()
	co := NewCoder[fares](c)
	all := make([]int32, len(rows))
	for i := range all {
		all[i] = int32(i)
	}
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			batch.Reset(len(rows))
			co.Encode(batch.Cols, rows)
		}
		b.ReportMetric(float64(b.N)*float64(len(rows))/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			co.Decode(batch.Cols, all)
		}
		b.ReportMetric(float64(b.N)*float64(len(rows))/b.Elapsed().Seconds(), "rows/s")
	})
}
