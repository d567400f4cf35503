package cold

// filter is a set of hashes that now and then says that it has one it has not: blocked Bloom filters
// (Putze, Sanders and Singler, "Cache-, Hash- and Space-Efficient Bloom Filters", 2007), each twice as
// large as the one before.
type filter struct {
	parts []filterPart
}

type filterPart struct {
	blocks    [][8]uint64
	room      int // hashes it may still take
	shiftBits uint
}

const (
	filterFirst  = 12 // the first part has 1<<filterFirst blocks
	hashesABlock = 48 // so that one of about two hundred others is taken for one of them
	filterProbes = 6
)

// mixed spreads a hash whose lower bits may be zero.
func mixed(hash uint64) uint64 {
	hash ^= hash >> 32
	hash *= 0x9e3779b97f4a7c15
	return hash ^ hash>>29
}

func (p *filterPart) has(h uint64) bool {
	block := &p.blocks[h>>p.shiftBits]
	for range filterProbes {
		h *= 0xd6e8feb86659fd93
		bit := h >> 55
		if block[bit>>6]&(1<<(bit&63)) == 0 {
			return false
		}
	}
	return true
}

func (f *filter) has(hash uint64) bool {
	h := mixed(hash)
	for i := len(f.parts) - 1; i >= 0; i-- { // most are in the last, the largest
		if f.parts[i].has(h) {
			return true
		}
	}
	return false
}

func (f *filter) add(hash uint64) {
	if f.has(hash) {
		return
	}
	if n := len(f.parts); n == 0 || f.parts[n-1].room == 0 {
		bits := uint(filterFirst + n)
		f.parts = append(f.parts, filterPart{make([][8]uint64, 1<<bits), hashesABlock << bits, 64 - bits})
	}
	p := &f.parts[len(f.parts)-1]
	p.room--
	h := mixed(hash)
	block := &p.blocks[h>>p.shiftBits]
	for range filterProbes {
		h *= 0xd6e8feb86659fd93
		bit := h >> 55
		block[bit>>6] |= 1 << (bit & 63)
	}
}

// sizeBytes is the memory the filter takes.
func (f *filter) sizeBytes() (n int64) {
	for _, p := range f.parts {
		n += int64(64 * len(p.blocks))
	}
	return n
}
