package expr

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"

	"github.com/anabranch/anabranch/columnar"
)

// randomFunctions give another value for each row; with a seed each subtask has the same ones in order.
func randomFunctions() []*function {
	return []*function{
		{name: "RAND", max: 1, volatile: true, bind: bindRandom(columnar.TypeDouble), compile: perRow(compileRand)},
		{name: "RAND_INTEGER", min: 1, max: 2, volatile: true, fallible: true, bind: bindRandom(columnar.TypeInteger), compile: perRow(compileRandInteger)},
		{name: "UUID", volatile: true, exact: true, bind: bindRandom(columnar.TypeString), compile: plain(uuid)},
	}
}

func bindRandom(t columnar.Type) func([]*Expr) ([]*Expr, columnar.Type, error) {
	return func(args []*Expr) ([]*Expr, columnar.Type, error) {
		for i, a := range args {
			if !a.Type.IsInteger() && !a.IsNullConstant() {
				return nil, t, fmt.Errorf("argument %d is %s, not an integer", i+1, a.Type.Nullable())
			}
		}
		return args, t.Required(), castAll(args, columnar.TypeBigInt)
	}
}

// generators are those of seeds.
type generators struct{ memo[int64, *rand.Rand] }

func (g generators) of(seed int64) *rand.Rand {
	if r, ok := g.memo[seed]; ok {
		return r
	}
	return g.add(seed, rand.New(rand.NewPCG(uint64(seed), 0)))
}

func compileRand(*compiler, *Expr) (rowFunc, error) {
	seeded := generators{memo[int64, *rand.Rand]{}}
	return func(a []columnar.Reader, i int, out *columnar.Vector) error {
		next := rand.Float64
		if len(a) > 0 {
			next = seeded.of(a[0].Int(i)).Float64
		}
		columnar.Values[float64](out)[i] = next()
		return nil
	}, nil
}

// compileRandInteger is RAND_INTEGER([seed,] n), of 0 to n-1.
func compileRandInteger(_ *compiler, e *Expr) (rowFunc, error) {
	seeded := generators{memo[int64, *rand.Rand]{}}
	return func(a []columnar.Reader, i int, out *columnar.Vector) error {
		next, n := rand.Int64N, a[len(a)-1].Int(i)
		if n < 1 || n > 1<<31-1 {
			return rowError(e, "the bound is %d, not 1 to 2147483647", n)
		}
		if len(a) > 1 {
			next = seeded.of(a[0].Int(i)).Int64N
		}
		columnar.Values[int32](out)[i] = int32(next(n))
		return nil
	}, nil
}

// uuid is one of version 4, RFC 9562.
func uuid(_ []columnar.Reader, i int, out *columnar.Vector) error {
	var id [16]byte
	for k := range id {
		id[k] = byte(rand.Uint32())
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	text := hex.EncodeToString(id[:])
	out.SetString(i, text[:8]+"-"+text[8:12]+"-"+text[12:16]+"-"+text[16:20]+"-"+text[20:])
	return nil
}
