package tpch

import (
	_ "embed" // for the index
	"encoding/binary"
	"sync/atomic"
)

const (
	// textBytes is the size of the text all comments are cut from.
	textBytes = 300 << 20
	textSeed  = 933588178

	// A block is kept with the bytes which follow it, as many as the longest comment may need, so
	// that a comment never spans two. Together they fill an allocation of 8 KB.
	blockBytes   = 8192 - overlapBytes
	overlapBytes = 256
	blockCount   = (textBytes + blockBytes - 1) / blockBytes
)

// textIndex has three bytes for every block: how many draws separate the last sentence start at or
// before the block from that of the block before (two bytes, little endian), and how many bytes that
// sentence starts before the block. TestTextIndex checks it, and rewrites it with -rewrite.
//
//go:embed text.index
var textIndex string

// indexEntryBytes is the size of a block's entry in the index.
const indexEntryBytes = 3

// text is the benchmark's text of 300 MB, of which it makes only the blocks somebody reads. The index
// says where in the stream of draws each block's first sentence begins: small tables then touch a
// small part of the text, and goroutines make different blocks at once.
type text struct {
	grammar *grammar
	starts  []start
	blocks  []atomic.Pointer[string]
}

// start is where the writing of a block begins.
type start struct {
	seed uint32 // of the stream, before the first sentence
	lead uint8  // bytes to drop before the block's first
}

func newText() *text {
	t := &text{
		grammar: newGrammar(),
		starts:  make([]start, blockCount),
		blocks:  make([]atomic.Pointer[string], blockCount),
	}
	seed := uint64(textSeed)
	for i := range t.starts {
		entry := textIndex[i*indexEntryBytes:][:indexEntryBytes]
		draws := binary.LittleEndian.Uint16([]byte(entry))
		seed = mulmod(seed, powmod(int64(draws)))
		t.starts[i] = start{seed: uint32(seed), lead: entry[2]}
	}
	return t
}

// window returns size bytes of the text from an offset on.
func (t *text) window(offset, size int32) string {
	i, first := offset/blockBytes, offset%blockBytes
	block := t.blocks[i].Load()
	if block == nil {
		block = t.write(i)
	}
	return (*block)[first : first+size]
}

// write makes a block. When two goroutines make the same one, either result will do.
func (t *text) write(i int32) *string {
	var buf [blockBytes + overlapBytes + 2*sentenceBytesMax]byte
	lead := int(t.starts[i].lead)
	w := writer{grammar: t.grammar, random: stream{seed: uint64(t.starts[i].seed)}, buf: buf[:]}
	end := lead + blockBytes + overlapBytes
	for w.size < end {
		w.sentence()
	}
	block := string(w.buf[lead:end])
	t.blocks[i].Store(&block)
	return &block
}

// comment draws windows of the text. Their size is 0.4 to 1.6 times an average.
type comment struct {
	stream
	text        *text
	sizeMin     int32
	offsetWidth float64
	sizeWidth   float64
}

// comment returns a comment column; each comment takes two draws.
func (g *Generator) comment(o origin, sizeAverage, row int64) comment {
	sizeMin, sizeMax := sizeAverage*2/5, sizeAverage*8/5
	return comment{
		stream:      newStream(o.seed, 2*o.drawsPerRow, row),
		text:        g.text,
		sizeMin:     int32(sizeMin),
		offsetWidth: float64(textBytes - sizeMax + 1),
		sizeWidth:   float64(sizeMax - sizeMin + 1),
	}
}

func (c *comment) next() string {
	offset := c.draw(c.offsetWidth)
	return c.text.window(offset, c.sizeMin+c.draw(c.sizeWidth))
}
