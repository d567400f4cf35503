package text

import "encoding/binary"

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// Digits is the number whose eight decimal digits, 0 to 9, are the bytes of y, the first one lowest.
func Digits(y uint64) uint64 {
	y = y * (10<<8 + 1) >> 8 // pairs, in every second byte
	y = y & 0x00ff00ff00ff00ff * (100<<16 + 1) >> 16
	return y & 0x0000ffff0000ffff * (10000<<32 + 1) >> 32
}

// form is a text of eight bytes that has digits in some places.
type form struct {
	text uint64 // with zeros for the digits
	room uint64 // by byte: how much more than a digit may be makes the high bit
}

// formOf makes the form of an example, whose digits are zeros.
func formOf(example string) form {
	f := form{text: binary.LittleEndian.Uint64([]byte(example))}
	for i, c := range []byte(example) {
		room := uint64(0x7f)
		if c == '0' {
			room -= 9
		}
		f.room |= room << (8 * i)
	}
	return f
}

// pairs reads the first eight bytes of b. Where a digit and another one stand, the byte of the first is
// the number they make.
func (f form) pairs(b []byte) (pairs uint64, ok bool) {
	y := binary.LittleEndian.Uint64(b) ^ f.text
	return y*10 + y>>8, (y+f.room|y)&highs == 0
}

// pair is the number that byte i of pairs is.
func pair(pairs uint64, i int) int { return int(pairs >> (8 * i) & 0xff) }
