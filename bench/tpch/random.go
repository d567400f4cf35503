package tpch

// The benchmark's generator: x' = 16807 x mod 2^31-1.
const (
	multiplier = 16807
	modulus    = 1<<31 - 1
)

// mulmod returns a*b mod 2^31-1 for a and b below the modulus. As 2^31 is 1 modulo 2^31-1, the upper
// half of the product is simply added to the lower.
func mulmod(a, b uint64) uint64 {
	p := a * b
	x := p>>31 + p&modulus
	if x >= modulus {
		x -= modulus
	}
	return x
}

// powmod returns multiplier^n mod 2^31-1, which is n steps of the generator in one.
func powmod(n int64) uint64 {
	result, square := uint64(1), uint64(multiplier)
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			result = mulmod(result, square)
		}
		square = mulmod(square, square)
	}
	return result
}

// stream is the source of one column's randomness. Every row owns the same number of draws, used or
// not, and endRow goes to the first draw of the next row.
type stream struct {
	seed    uint64 // the latest draw
	rowSeed uint64 // seed at the start of the row
	rowStep uint64 // multiplier^(draws in a row)
}

// newStream returns the stream of a column standing before the given row.
func newStream(seed uint64, drawsPerRow, row int64) stream {
	s := mulmod(seed, powmod(drawsPerRow*row))
	return stream{seed: s, rowSeed: s, rowStep: powmod(drawsPerRow)}
}

// draw returns a number between 0 and width, exclusive. The reference generator rounds in float64,
// a division and then a product, and so must we: a reciprocal would differ in rare last places.
func (s *stream) draw(width float64) int32 {
	s.seed = mulmod(s.seed, multiplier)
	return int32(float64(int64(s.seed)) / modulus * width)
}

func (s *stream) endRow() {
	s.rowSeed = mulmod(s.rowSeed, s.rowStep)
	s.seed = s.rowSeed
}

// uniform draws whole numbers between two bounds, both inclusive.
type uniform struct {
	stream
	low   int64
	width float64
}

// origin says where the stream of a column starts and how many draws it makes in a row.
type origin struct {
	seed        uint64
	drawsPerRow int64
}

func (o origin) uniform(low, high, row int64) uniform {
	return uniform{stream: newStream(o.seed, o.drawsPerRow, row), low: low, width: float64(high - low + 1)}
}

func (u *uniform) next() int64 { return u.low + int64(u.draw(u.width)) }

// wideScale is the scale at which part and customer keys outgrow 32 bits and are drawn from another
// generator.
const wideScale = 30_000

// keys draws keys from 1 to high.
type keys struct {
	narrow uniform
	wide   wideStream
	high   int64
	isWide bool
}

func (g *Generator) keys(o origin, high, row int64) keys {
	if g.scale < wideScale {
		return keys{narrow: o.uniform(1, high, row)}
	}
	wide := wideStream{seed: int64(o.seed), drawsPerRow: o.drawsPerRow}
	wide.skip(o.drawsPerRow * row)
	return keys{wide: wide, high: high, isWide: true}
}

func (k *keys) next() int64 {
	if k.isWide {
		return 1 + k.wide.next()%k.high
	}
	return k.narrow.next()
}

func (k *keys) endRow() {
	if k.isWide {
		k.wide.endRow()
		return
	}
	k.narrow.endRow()
}

// wideStream steps a 64-bit generator within a row but skips draws with the 32-bit one, wrapping
// around as it goes. That is an accident of the reference generator which its data made a rule.
type wideStream struct {
	seed        int64
	drawsPerRow int64
	drawn       int64
}

func (w *wideStream) next() int64 {
	w.seed = w.seed*6364136223846793005 + 1
	w.drawn++
	return max(w.seed, -w.seed)
}

func (w *wideStream) endRow() {
	w.skip(w.drawsPerRow - w.drawn)
	w.drawn = 0
}

func (w *wideStream) skip(draws int64) {
	square := int64(multiplier)
	for ; draws > 0; draws >>= 1 {
		if draws&1 != 0 {
			w.seed = square * w.seed % modulus
		}
		square = square * square % modulus
	}
}

// choice draws one of a list of words of equal weight.
type choice struct {
	stream
	words []string
	width float64
}

func (o origin) choice(words []string, row int64) choice {
	return choice{stream: newStream(o.seed, o.drawsPerRow, row), words: words, width: float64(len(words))}
}

func (c *choice) next() string { return c.words[c.draw(c.width)] }
