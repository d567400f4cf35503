package tpch

import (
	"bytes"
	"encoding/binary"
	"flag"
	"os"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the text index and the golden rows")

// TestTextIndex writes the whole text from its first sentence on, and compares where it finds the
// first sentence of each block with what the index says.
func TestTextIndex(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 300 MB of text")
	}
	index := make([]byte, 0, blockCount*indexEntryBytes)
	w := writer{grammar: newGrammar(), random: stream{seed: textSeed}, buf: make([]byte, sentenceBytesMax)}
	drawsTo := countDraws(textSeed)
	begin, end := int64(0), int64(0) // of the latest sentence
	var seed uint64                  // before it
	for i := range int64(blockCount) {
		for end <= i*blockBytes {
			seed, begin, w.size = w.random.seed, end, 0
			w.sentence()
			end += int64(w.size)
		}
		index = binary.LittleEndian.AppendUint16(index, uint16(drawsTo(seed)))
		index = append(index, uint8(i*blockBytes-begin))
	}
	if *rewrite {
		if err := os.WriteFile("text.index", index, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(index, []byte(textIndex)) {
		t.Error("text.index differs from the text; was the grammar changed?")
	}
}

// countDraws returns a function which says how many draws lead from the seed of its last call to
// another.
func countDraws(seed uint64) func(uint64) int {
	return func(to uint64) int {
		n := 0
		for ; seed != to; n++ {
			seed = mulmod(seed, multiplier)
		}
		return n
	}
}
