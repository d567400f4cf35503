package columnar

// Extend appends n rows of undefined value, not null, to a flat vector of its own memory; a
// ROW's fields are extended with it, a list gets its offsets only.
func (v *Vector) Extend(n int) {
	v.AddRows(n)
	if v.Phys == PhysStruct {
		for _, c := range v.Children {
			c.Extend(n)
		}
	}
}

// Truncate cuts a flat vector to its first n rows.
func (v *Vector) Truncate(n int) {
	if n >= v.len {
		return
	}
	v.setLen(n)
	switch v.Phys {
	case PhysStruct:
		for _, c := range v.Children {
			c.Truncate(n)
		}
	case PhysList:
		end := int(v.Offsets()[n])
		for _, c := range v.Children {
			c.Truncate(end)
		}
	}
}

// AddRows adds n rows to a flat vector, of undefined value and not null, and returns the position of the first. A
// ROW's fields and the elements of an ARRAY or MAP are not added.
func (v *Vector) AddRows(n int) (first int) {
	first = v.len
	v.setLen(first + n)
	if v.Valid != nil {
		v.Valid = v.growValid(first)
	}
	return first
}
