package tpch

import (
	"strconv"
	"time"
)

// The text form of a row has a bar after every field. It is the benchmark's exchange format.

func appendInt[T int32 | int64](dst []byte, v T) []byte {
	return append(strconv.AppendInt(dst, int64(v), 10), '|')
}

func appendString(dst []byte, v string) []byte {
	return append(append(dst, v...), '|')
}

// appendDecimal writes hundredths.
func appendDecimal(dst []byte, v int64) []byte {
	if v < 0 {
		dst, v = append(dst, '-'), -v
	}
	dst = strconv.AppendInt(dst, v/100, 10)
	return append(dst, '.', byte('0'+v/10%10), byte('0'+v%10), '|')
}

// appendDate writes a date given in days since 1970-01-01.
func appendDate(dst []byte, days int32) []byte {
	const secondsPerDay = 24 * 60 * 60
	return append(time.Unix(int64(days)*secondsPerDay, 0).UTC().AppendFormat(dst, time.DateOnly), '|')
}

// numbered writes a prefix and a number of nine digits or more, as in "Clerk#000000951".
func numbered(prefix string, number int64) string {
	var space [32]byte
	buf := append(space[:0], prefix...)
	for limit := int64(100_000_000); limit > number; limit /= 10 {
		buf = append(buf, '0')
	}
	return string(strconv.AppendInt(buf, number, 10))
}

// addressAlphabet is what addresses are made of; six random bits choose a character.
const addressAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ,"

// An address has between 10 and 40 characters. It takes a draw for its size and one for every five
// characters, hence at most nine.
const (
	addressSizeMin = 10
	addressSizeMax = 40
	addressDraws   = 9
)

// address draws an address.
func address(random *stream) string {
	var buf [addressSizeMax]byte
	size := addressSizeMin + int(random.draw(addressSizeMax-addressSizeMin+1))
	var bits int32
	for i := range size {
		if i%5 == 0 {
			// The reference generator asks for 2^31 values, which overflows to -2^31.
			bits = random.draw(-1 << 31)
		}
		buf[i] = addressAlphabet[bits&63]
		bits >>= 6
	}
	return string(buf[:size])
}

// phone draws a phone number; its country code tells the nation.
func phone(random *stream, nationKey int64) string {
	var space [15]byte
	buf := strconv.AppendInt(space[:0], 10+nationKey, 10)
	for range 2 {
		buf = strconv.AppendInt(append(buf, '-'), int64(100+random.draw(900)), 10)
	}
	return string(strconv.AppendInt(append(buf, '-'), int64(1000+random.draw(9000)), 10))
}
