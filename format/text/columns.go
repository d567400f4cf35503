package text

import (
	"errors"
	"fmt"

	"github.com/anabranch/anabranch/columnar"
)

// Decoded is the rows that single messages are decoded into, one after the other.
type Decoded struct{ cols []*columnar.Vector }

// NewDecoded makes columns of the schema; supported says what is wrong with a type that a format does not have.
func NewDecoded(schema *columnar.Schema, supported func(columnar.Type) error) (d Decoded, err error) {
	for _, f := range schema.Fields {
		if e := supported(f.Type); e != nil {
			err = errors.Join(err, fmt.Errorf("column %q: %w", f.Name, e))
		}
		d.cols = append(d.cols, columnar.NewVector(f.Type))
	}
	return d, err
}

// Columns are the decoded columns; they stay the same vectors.
func (d *Decoded) Columns() []*columnar.Vector { return d.cols }

// Reset makes room for n rows.
func (d *Decoded) Reset(n int) {
	for _, v := range d.cols {
		v.Reset(n)
	}
}

// Truncate leaves the first n rows.
func (d *Decoded) Truncate(n int) {
	for _, v := range d.cols {
		v.Truncate(n)
	}
}

// Release frees the columns.
func (d *Decoded) Release() {
	for _, v := range d.cols {
		v.Release()
	}
}
