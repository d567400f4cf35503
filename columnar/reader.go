package columnar

// Reader gives the values of a vector by row, whatever its encoding.
type Reader struct{ *Vector }

func (r Reader) at(i int) (*Vector, int) {
	i = r.Index(i)
	if r.Enc == Dictionary {
		return r.Dict, i
	}
	return r.Vector, i
}

// Int is row i of an integer, date, time, timestamp, interval or narrow decimal.
func (r Reader) Int(i int) int64 {
	d, k := r.at(i)
	return d.Int64At(k)
}

// Wide is row i of an integer or decimal.
func (r Reader) Wide(i int) Int128 {
	d, k := r.at(i)
	return d.WideAt(k)
}

// Bool is row i of a BOOLEAN.
func (r Reader) Bool(i int) bool {
	d, k := r.at(i)
	return d.Bits().Get(k)
}

// Float is row i of a FLOAT or DOUBLE.
func (r Reader) Float(i int) float64 {
	d, k := r.at(i)
	if d.Phys == PhysFloat32 {
		return float64(Values[float32](d)[k])
	}
	return Values[float64](d)[k]
}

// Text is row i of a string.
func (r Reader) Text(i int) string { return string(r.Bytes(i)) }
