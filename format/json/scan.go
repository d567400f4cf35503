package json

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// depthMax bounds the nesting of values, as encoding/json does.
const depthMax = 10000

// slack is how many bytes behind the text can be read, so that it is searched by words.
const slack = 16

// scanner walks JSON text. b ends with a byte that no token contains (a line end or zero),
// and its capacity has slack bytes more. The first failure is kept in msg.
type scanner struct {
	b       []byte
	pos     int
	multi   bool // values may contain line ends
	msg     string
	scratch []byte
	depth   int
}

func (s *scanner) fail(msg string) bool {
	if s.msg == "" {
		s.msg = msg
	}
	return false
}

// space skips white space and returns the byte behind it.
func (s *scanner) space() byte {
	for {
		switch c := s.b[s.pos]; c {
		case ' ', '\t', '\r':
		case '\n':
			if !s.multi {
				return c
			}
		default:
			return c
		}
		s.pos++
	}
}

// expect skips white space and takes c.
func (s *scanner) expect(c byte) bool {
	if s.b[s.pos] != c && s.space() != c {
		return s.fail("expected '" + string(rune(c)) + "'")
	}
	s.pos++
	return true
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// word8 is the eight bytes from at on, which may lie in the slack.
func word8(b []byte, at int) uint64 { return binary.LittleEndian.Uint64(b[at : at+8]) }

// special has the high bit set of the first byte that is a quote, a backslash or a control character;
// bits above that one may be wrong, since borrows go upwards. With bit 1 turned a quote lies just above
// the control characters.
func special(x uint64) uint64 {
	q, e := x^(ones*2), x^(ones*'\\')
	return ((q-ones*0x21)&^q | (e-ones)&^e) & highs
}

// plain moves behind the opening quote at pos and to the first byte that is special, which it returns.
func (s *scanner) plain() byte {
	b, at := s.b, s.pos+1
	for {
		hit, next := special(word8(b, at)), special(word8(b, at+8))
		if hit|next == 0 {
			at += 16
			continue
		}
		if hit == 0 {
			hit, at = next, at+8
		}
		at += bits.TrailingZeros64(hit) / 8
		s.pos = at
		return b[at]
	}
}

// text takes the string whose opening quote is at pos and returns its content, borrowed from
// the input or, if it has escapes, from scratch memory.
func (s *scanner) text() ([]byte, bool) {
	from := s.pos + 1
	switch s.plain() {
	case '"':
		s.pos++
		return s.b[from : s.pos-1], true
	case '\\':
		return s.escaped(from)
	}
	return nil, s.fail("a string is not closed or has a control character")
}

// escaped is text from the first backslash on.
func (s *scanner) escaped(from int) ([]byte, bool) {
	s.scratch = append(s.scratch[:0], s.b[from:s.pos]...)
	for {
		c := s.b[s.pos]
		switch {
		case c == '"':
			s.pos++
			return s.scratch, true
		case c < 0x20:
			return nil, s.fail("a string is not closed or has a control character")
		case c != '\\':
			s.scratch = append(s.scratch, c)
			s.pos++
			continue
		}
		if !s.escape() {
			return nil, false
		}
	}
}

func (s *scanner) escape() bool {
	c := s.b[s.pos+1]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return s.unicode()
	default:
		return s.fail("unknown escape in a string")
	}
	s.scratch = append(s.scratch, c)
	s.pos += 2
	return true
}

// unicode takes a \u escape and the second half of a surrogate pair; a half alone becomes the
// replacement character, as in encoding/json.
func (s *scanner) unicode() bool {
	r := hex4(s.b, s.pos+2)
	if r < 0 {
		return s.fail(`bad \u escape in a string`)
	}
	s.pos += 6
	if utf16.IsSurrogate(r) {
		second := rune(-1)
		if s.b[s.pos] == '\\' && s.b[s.pos+1] == 'u' {
			second = hex4(s.b, s.pos+2)
		}
		if r = utf16.DecodeRune(r, second); r != utf8.RuneError {
			s.pos += 6
		}
	}
	s.scratch = utf8.AppendRune(s.scratch, r)
	return true
}

func hex4(b []byte, at int) rune {
	if at+4 > len(b) {
		return -1
	}
	r := rune(0)
	for _, c := range b[at : at+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|32 >= 'a' && c|32 <= 'f':
			c = c | 32 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// number takes a number; integer says that it has neither fraction nor exponent.
func (s *scanner) number() (text []byte, integer, ok bool) {
	b, i := s.b, s.pos
	if b[i] == '-' {
		i++
	}
	switch {
	case b[i] == '0':
		i++
	case b[i] >= '1' && b[i] <= '9':
		for b[i]-'0' <= 9 {
			i++
		}
	default:
		return nil, false, s.fail("expected a value")
	}
	integer = true
	if b[i] == '.' {
		integer = false
		i++
		from := i
		for b[i]-'0' <= 9 {
			i++
		}
		if i == from {
			return nil, false, s.fail("bad number")
		}
	}
	if b[i]|32 == 'e' {
		integer = false
		if i++; b[i] == '+' || b[i] == '-' {
			i++
		}
		from := i
		for b[i]-'0' <= 9 {
			i++
		}
		if i == from {
			return nil, false, s.fail("bad number")
		}
	}
	text, s.pos = b[s.pos:i], i
	return text, integer, true
}

// word takes the given word.
func (s *scanner) word(w string) bool {
	if len(s.b)-s.pos < len(w) || string(s.b[s.pos:s.pos+len(w)]) != w {
		return s.fail("expected a value")
	}
	s.pos += len(w)
	return true
}

// digits counts the decimal digits at the front of x, and returns them in the lower four bits of its bytes.
func digits(x uint64) (y uint64, n int) {
	y = x ^ ones*'0'
	return y, bits.TrailingZeros64(((y+ones*(0x7f-9))|y)&highs) / 8
}

// integer takes an integer of less than eight digits without a sign and returns them; n is 0 if what is at pos is
// anything else.
func (s *scanner) integer() (y uint64, n int) {
	y, n = digits(word8(s.b, s.pos))
	if n == 0 || n == 8 || n > 1 && y&0xff == 0 {
		return 0, 0
	}
	if c := s.b[s.pos+n]; c == '.' || c|32 == 'e' {
		return 0, 0
	}
	s.pos += n
	return y, n
}

// skip validates and passes the value at pos, which is not white space.
func (s *scanner) skip() bool {
	switch s.b[s.pos] {
	case '"':
		from := s.pos
		if s.plain() == '"' {
			s.pos++
			return true
		}
		s.pos = from
		_, ok := s.text()
		return ok
	case '{':
		return s.skipObject()
	case '[':
		return s.skipArray()
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	}
	if _, n := s.integer(); n > 0 {
		return true
	}
	_, _, ok := s.number()
	return ok
}

func (s *scanner) enter() bool {
	if s.depth++; s.depth > depthMax {
		return s.fail("nested too deep")
	}
	return true
}

func (s *scanner) skipObject() bool {
	if s.pos++; !s.enter() {
		return false
	}
	if s.space() == '}' {
		s.pos++
		s.depth--
		return true
	}
	for {
		if s.space() != '"' {
			return s.fail("expected a field name")
		}
		if _, ok := s.text(); !ok || !s.expect(':') {
			return false
		}
		s.space()
		if !s.skip() {
			return false
		}
		more, ok := s.more('}')
		if !more {
			return ok
		}
	}
}

func (s *scanner) skipArray() bool {
	if s.pos++; !s.enter() {
		return false
	}
	if s.space() == ']' {
		s.pos++
		s.depth--
		return true
	}
	for {
		s.space()
		if !s.skip() {
			return false
		}
		more, ok := s.more(']')
		if !more {
			return ok
		}
	}
}

// more takes a comma, or the end of the object or array.
func (s *scanner) more(end byte) (more, ok bool) {
	switch s.space() {
	case ',':
		s.pos++
		return true, true
	case end:
		s.pos++
		s.depth--
		return false, true
	}
	return false, s.fail("expected ',' or '" + string(rune(end)) + "'")
}
