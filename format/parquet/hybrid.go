package parquet

import (
	"encoding/binary"
	"errors"
	"math/bits"

	"github.com/anabranch/anabranch/columnar"
)

var (
	errShort = errors.New("the values end early")
	errRun   = errors.New("bad run of levels or indexes")
)

// hybrid decodes the mix of runs and bit-packed groups that levels, dictionary indexes and
// booleans are stored in.
type hybrid struct {
	data  []byte // what follows the current run; has slack
	width uint
	left  int // values of the current run not yet taken
	value int32
	// packed is the current bit-packed run, of which first is the next value; nil in a
	// repeated run.
	packed []byte
	first  int
}

func newHybrid(data []byte, width uint) hybrid { return hybrid{data: data, width: width} }

// next begins the next run.
func (h *hybrid) next() error {
	head, n := binary.Uvarint(h.data)
	if n <= 0 {
		if len(h.data) == 0 {
			return errShort
		}
		return errRun
	}
	h.data = h.data[n:]
	count := head >> 1
	if count == 0 || count > 1<<31 {
		return errRun
	}
	if head&1 == 0 {
		return h.repeated(int(count))
	}
	size := uint64(h.width) * count
	h.left = int(count) * 8
	if size > uint64(len(h.data)) {
		// Some writers cut the padding of the last group off.
		size = uint64(len(h.data))
		h.left = int(size * 8 / uint64(h.width))
	}
	h.packed, h.first = h.data[:size], 0
	h.data = h.data[size:]
	if h.width == 0 {
		h.packed, h.value = nil, 0
	}
	return nil
}

func (h *hybrid) repeated(count int) error {
	size := int(h.width+7) / 8
	if size > len(h.data) {
		return errShort
	}
	v := uint32(0)
	for i, b := range h.data[:size] {
		v |= uint32(b) << (8 * uint(i))
	}
	h.value, h.left, h.packed = int32(v), count, nil
	h.data = h.data[size:]
	return nil
}

// ints decodes the next len(dst) values.
func (h *hybrid) ints(dst []int32) error {
	for len(dst) > 0 {
		for h.left == 0 {
			if err := h.next(); err != nil {
				return err
			}
		}
		k := min(h.left, len(dst))
		if h.packed != nil {
			unpack(dst[:k], h.packed[:len(h.packed)+slack], h.first, h.width)
			h.first += k
		} else {
			run := dst[:k]
			for i := range run {
				run[i] = h.value
			}
		}
		h.left -= k
		dst = dst[k:]
	}
	return nil
}

// bits decodes the next n values of width 1 into dst from bit at and counts the ones.
func (h *hybrid) bits(dst columnar.Bitmap, at, n int) (ones int, err error) {
	for n > 0 {
		for h.left == 0 {
			if err := h.next(); err != nil {
				return 0, err
			}
		}
		k := min(h.left, n)
		if h.packed != nil {
			copyBits(dst, at, h.packed[:len(h.packed)+slack], h.first, k)
			h.first += k
			ones += countBits(dst, at, k)
		} else {
			fillBits(dst, at, k, h.value != 0)
			if h.value != 0 {
				ones += k
			}
		}
		h.left -= k
		at, n = at+k, n-k
	}
	return ones, nil
}

// sameRun reports whether the next n values are all v, and takes them if so.
func (h *hybrid) sameRun(n int, v int32) bool {
	if h.left == 0 && h.next() != nil {
		return false
	}
	if h.packed != nil || h.left < n || h.value != v {
		return false
	}
	h.left -= n
	return true
}

// countBits counts the ones among n bits of m from bit at.
func countBits(m columnar.Bitmap, at, n int) int {
	c := 0
	for n > 0 {
		s := uint(at) % 64
		k := min(n, 64-int(s))
		c += bits.OnesCount64(m[at/64] >> s << (64 - uint(k)))
		at, n = at+k, n-k
	}
	return c
}
