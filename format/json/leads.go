package json

// leads is how the objects of one place begin their fields: the objects of a stream are written by one
// program, so that what stands between two values, names and white space included, is the same in each.
// It is compared as a whole instead of read.
type leads struct {
	list []lead
	text []byte // the leads behind each other
	wait int    // objects that differ, between two of which something is learned
	rest int    // how many of them are left
	like int    // objects in a row that did not differ
}

// lead is what stands before the value of a field: a brace or comma, the name, the colon and the white
// space among them, of n bytes.
type lead struct {
	head, mask uint64 // the first eight bytes; of a shorter one those in mask
	tail       uint64 // the last eight, if there are as many
	n          int
	end        int // in the text
	field      int // -1: the schema does not have it
}

// leadMax bounds what is worth to be learned.
const leadMax = 256

// Where objects of several shapes are mixed, learning each would cost more than it gives: after each that was
// learned twice as many are passed over, up to waitMax, until likeMin in a row are like those before.
const (
	waitMax = 63
	likeMin = 8
)

// ended notes that an object has ended, and whether one of its fields had to be read.
func (l *leads) ended(differs bool) {
	switch {
	case !differs:
		if l.like++; l.like >= likeMin {
			l.wait, l.rest = 0, 0
		}
		return
	case l.rest > 0:
		l.rest--
	default:
		l.wait = min(2*l.wait+1, waitMax)
		l.rest = l.wait
	}
	l.like = 0
}

// next returns the length of lead k and its field if it stands at a place of b, else 0. What follows a
// text never matches, since leads do not contain what ends a text.
func (l *leads) next(b []byte, at, k int) (n, field int) {
	if k >= len(l.list) {
		return 0, 0
	}
	x := &l.list[k]
	if (word8(b, at)^x.head)&x.mask != 0 {
		return 0, 0
	}
	switch {
	case x.n <= 8:
	case at+x.n > len(b) || word8(b, at+x.n-8) != x.tail:
		return 0, 0
	case x.n > 16 && string(b[at+8:at+x.n-8]) != string(l.text[x.end-x.n+8:x.end-8]):
		return 0, 0
	}
	return x.n, x.field
}

// learn makes text the lead of field k, unless too many objects differ; those behind it are forgotten.
func (l *leads) learn(k int, text []byte, field int) {
	if l.rest > 0 || k > len(l.list) || len(text) > leadMax {
		return
	}
	from := 0
	if k > 0 {
		from = l.list[k-1].end
	}
	l.text = append(l.text[:from], text...)
	x := lead{n: len(text), end: len(l.text), field: field}
	for i, c := range text[:min(8, x.n)] {
		x.head |= uint64(c) << (8 * i)
		x.mask |= 0xff << (8 * i)
	}
	if x.n >= 8 {
		x.tail = word8(text, x.n-8)
	}
	l.list = append(l.list[:k], x)
}
