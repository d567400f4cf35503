package hashtable

import (
	"math/bits"

	"github.com/anabranch/anabranch/columnar/mem"
)

// dirParts is the number of parts of a Rows' directory, a power of two. A key's part is the
// upper bits of its salt, its home slot in the part the bits below them.
const (
	dirParts    = 64
	dirPartBits = 6
	partMin     = 8 // slots
)

// dirPart is an open-addressing directory of (salt, row id plus one) entries.
type dirPart struct {
	slots []uint64
	used  int
	shift uint
}

func partOf(h uint64) uint64 { return saltOf(h) >> (64 - dirPartBits) }

func (p *dirPart) home(salt uint64) uint64 { return salt << dirPartBits >> p.shift }

// insert enters a row at a free slot, making the part larger when it is half full, and returns by
// how many bytes it grew.
func (p *dirPart) insert(slot, hash uint64, id uint32) int64 {
	grown := int64(0)
	if 2*(p.used+1) > len(p.slots) {
		grown = p.grow()
		mask := uint64(len(p.slots) - 1)
		for slot = p.home(saltOf(hash)); p.slots[slot] != 0; {
			slot = (slot + 1) & mask
		}
	}
	p.slots[slot] = saltOf(hash) | uint64(id+1)
	p.used++
	return grown
}

func (p *dirPart) grow() int64 {
	old := p.slots
	p.slots = mem.Zeroed[uint64](max(partMin, 2*len(old)))
	p.shift = uint(64 - bits.TrailingZeros(uint(len(p.slots))))
	mask := uint64(len(p.slots) - 1)
	for _, e := range old {
		if e == 0 {
			continue
		}
		slot := p.home(e & saltMask)
		for p.slots[slot] != 0 {
			slot = (slot + 1) & mask
		}
		p.slots[slot] = e
	}
	return int64(8 * (len(p.slots) - len(old)))
}

// remove frees a slot; entries behind it that were pushed on by others move up (Knuth, The Art of
// Computer Programming, volume 3, section 6.4, algorithm R).
func (p *dirPart) remove(slot uint64) {
	mask := uint64(len(p.slots) - 1)
	p.used--
	hole := slot
	for next := (slot + 1) & mask; p.slots[next] != 0; next = (next + 1) & mask {
		// The entry may fill the hole unless its home lies behind the hole.
		if home := p.home(p.slots[next] & saltMask); (next-home)&mask >= (next-hole)&mask {
			p.slots[hole] = p.slots[next]
			hole = next
		}
	}
	p.slots[hole] = 0
}
