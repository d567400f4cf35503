package json

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/format/text"
)

// plan is how to decode the values of one type.
type plan struct {
	t      columnar.Type
	fields []plan // of a ROW; of an ARRAY its element; of a MAP its key and value
	names  []string
	index  map[string]int
	seen   []uint64 // the object in which a field was last met
	gen    uint64
	leads  leads
}

func newPlan(t columnar.Type) plan {
	p := plan{t: t}
	for i, f := range t.Fields {
		p.fields = append(p.fields, newPlan(f.Type))
		p.names = append(p.names, f.Name)
		if p.index == nil {
			p.index = make(map[string]int)
		}
		p.index[f.Name] = i
	}
	p.seen = make([]uint64, len(t.Fields))
	return p
}

// decoder decodes values into vectors.
type decoder struct {
	scanner
	iso         bool
	failMissing bool
}

// object decodes the fields of the object at pos into row i of cols.
func (d *decoder) object(p *plan, cols []*columnar.Vector, i int) bool {
	if d.b[d.pos] != '{' {
		return d.fail("expected '{'")
	}
	if !d.enter() {
		return false
	}
	p.gen++
	met, differs := 0, false
	for k := 0; ; k++ {
		n, f := p.leads.next(d.b, d.pos, k)
		if n == 0 {
			var more bool
			if f, more = d.lead(p, k); !more {
				p.leads.ended(differs)
				return d.msg == "" && d.missing(p, cols, i, met)
			}
			differs = true
		} else if d.pos += n; d.b[d.pos] <= ' ' { // more white space than before
			d.space()
		}
		var ok bool
		if f < 0 {
			ok = d.skip()
		} else {
			if p.seen[f] != p.gen {
				p.seen[f] = p.gen
				met++
			}
			ok = d.value(&p.fields[f], cols[f], i)
		}
		if !ok {
			return false
		}
	}
}

// lead takes what stands before the value of an object's field k and learns it; f is -1 if the schema
// does not have the field. more is false at the object's end, which it takes, and if there is an error.
func (d *decoder) lead(p *plan, k int) (f int, more bool) {
	from := d.pos
	if k == 0 {
		if d.pos++; d.space() == '}' {
			d.pos++
			d.depth--
			return 0, false
		}
	} else if more, _ := d.more('}'); !more {
		return 0, false
	}
	if d.space() != '"' {
		return 0, d.fail("expected a field name")
	}
	name, ok := d.text()
	if !ok {
		return 0, false
	}
	f, known := p.index[string(name)]
	if !known {
		f = -1
	}
	if !d.expect(':') {
		return 0, false
	}
	d.space()
	p.leads.learn(k, d.b[from:d.pos], f)
	return f, true
}

// missing sets the fields that the object did not have.
func (d *decoder) missing(p *plan, cols []*columnar.Vector, i, met int) bool {
	if met == len(p.fields) {
		return true
	}
	for f, gen := range p.seen {
		if gen == p.gen {
			continue
		}
		if d.failMissing || p.fields[f].t.NotNull {
			return d.fail("field \"" + p.names[f] + "\" is missing")
		}
		setNull(cols[f], i)
	}
	return true
}

// setNull makes row i null, lists empty and the fields of a ROW null.
func setNull(v *columnar.Vector, i int) {
	v.MakeValid().Clear(i)
	switch v.Phys {
	case columnar.PhysView:
		columnar.Values[columnar.View](v)[i] = columnar.View{}
	case columnar.PhysList:
		v.Offsets()[i+1] = v.Offsets()[i]
	case columnar.PhysStruct:
		for _, c := range v.Children {
			setNull(c, i)
		}
	}
}

// value decodes the value at pos into row i of v.
func (d *decoder) value(p *plan, v *columnar.Vector, i int) bool {
	c := d.b[d.pos]
	if c == 'n' {
		if !d.word("null") {
			return false
		}
		if p.t.NotNull {
			return d.fail("null for " + p.t.String())
		}
		setNull(v, i)
		return true
	}
	if v.Valid != nil {
		v.Valid.Set(i)
	}
	switch p.t.Kind {
	case columnar.Row:
		return d.object(p, v.Children, i)
	case columnar.Array:
		return d.array(p, v, i)
	case columnar.Map:
		return d.mapping(p, v, i)
	}
	if c == '"' {
		s, ok := d.text()
		return ok && d.set(p, v, i, s)
	}
	from := d.pos
	if c == '-' || c-'0' <= 9 {
		if p.t.Kind == columnar.BigInt {
			return d.bigInt(v, i)
		}
		if s, _, ok := d.number(); !ok {
			return false
		} else if p.t.IsNumeric() {
			return text.Set(v, i, s) || d.fail(string(clip(s))+" is not "+p.t.String())
		}
	} else if !d.skip() {
		return false
	}
	if p.t.IsBinary() {
		return d.fail("expected a string of base64")
	}
	// A boolean, or text of another value for a STRING.
	s := d.b[from:d.pos]
	return text.Set(v, i, s) || d.fail(string(clip(s))+" is not "+p.t.String())
}

// bigInt decodes an integer of up to 18 digits in one pass.
func (d *decoder) bigInt(v *columnar.Vector, i int) bool {
	if y, n := d.integer(); n > 0 {
		columnar.Values[int64](v)[i] = int64(text.Digits(y << (64 - 8*n)))
		return true
	}
	b, at := d.b, d.pos
	neg := b[at] == '-'
	if neg {
		at++
	}
	from, x := at, int64(0)
	for b[at]-'0' <= 9 {
		x = x*10 + int64(b[at]-'0')
		at++
	}
	if n := at - from; n == 0 || n > 18 || b[from] == '0' && n > 1 || b[at] == '.' || b[at]|32 == 'e' {
		s, _, ok := d.number()
		return ok && (text.Set(v, i, s) || d.fail(string(clip(s))+" is not BIGINT"))
	}
	if neg {
		x = -x
	}
	columnar.Values[int64](v)[i] = x
	d.pos = at
	return true
}

// set parses the content of a string.
func (d *decoder) set(p *plan, v *columnar.Vector, i int, s []byte) bool {
	ok := true
	if p.t.IsTimestamp() {
		sep, zone := byte(' '), len(s) > 0 && s[len(s)-1] == 'Z'
		if d.iso {
			sep = 'T'
		}
		ok = len(s) > 10 && s[10] == sep && zone == (p.t.Kind == columnar.TimestampLTZ)
	}
	if ok = ok && text.Set(v, i, s); !ok {
		return d.fail("\"" + string(clip(s)) + "\" is not " + p.t.String())
	}
	return true
}

func (d *decoder) array(p *plan, v *columnar.Vector, i int) bool {
	if d.b[d.pos] != '[' || !d.enter() {
		return d.fail("expected an array")
	}
	d.pos++
	elem := v.Children[0]
	elem.Truncate(int(v.Offsets()[i])) // what a bad row or a repeated field left
	if d.space() == ']' {
		d.pos++
		d.depth--
		v.Offsets()[i+1] = v.Offsets()[i]
		return true
	}
	for {
		k := elem.Len()
		elem.Extend(1)
		d.space()
		if !d.value(&p.fields[0], elem, k) {
			return false
		}
		if more, ok := d.more(']'); !ok {
			return false
		} else if !more {
			v.Offsets()[i+1] = int32(k + 1)
			return true
		}
	}
}

func (d *decoder) mapping(p *plan, v *columnar.Vector, i int) bool {
	if d.b[d.pos] != '{' || !d.enter() {
		return d.fail("expected an object")
	}
	d.pos++
	keys, values := v.Children[0], v.Children[1]
	keys.Truncate(int(v.Offsets()[i]))
	values.Truncate(int(v.Offsets()[i]))
	if d.space() == '}' {
		d.pos++
		d.depth--
		v.Offsets()[i+1] = v.Offsets()[i]
		return true
	}
	for {
		if d.space() != '"' {
			return d.fail("expected a key")
		}
		key, ok := d.text()
		if !ok {
			return false
		}
		k := keys.Len()
		keys.Extend(1)
		values.Extend(1)
		if !d.set(&p.fields[0], keys, k, key) || !d.expect(':') {
			return false
		}
		d.space()
		if !d.value(&p.fields[1], values, k) {
			return false
		}
		if more, ok := d.more('}'); !ok {
			return false
		} else if !more {
			v.Offsets()[i+1] = int32(k + 1)
			return true
		}
	}
}

// clip keeps messages short.
func clip(b []byte) []byte {
	if len(b) > 60 {
		return append(append([]byte(nil), b[:57]...), "..."...)
	}
	return b
}
