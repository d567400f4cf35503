package csv

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/anabranch/anabranch/columnar"
)

// Dialect is how a file separates and quotes fields. The zero value is a comma, double quotes
// and no header.
type Dialect struct {
	Delimiter byte // default comma
	Quote     byte // default double quote
	Header    bool // the first record names the columns
	// Escape makes the byte behind it one of the field; \\n, \\r, \\t and \\0 are those that C knows. 0: there is none.
	Escape   byte
	NoQuotes bool // quotes are as any other byte; such a file can only be read
	Comments bool // lines that begin with # are passed over
}

func (d Dialect) withDefaults() Dialect {
	if d.Delimiter == 0 {
		d.Delimiter = ','
	}
	if d.Quote == 0 {
		d.Quote = '"'
	}
	if d.Escape == d.Quote {
		d.Escape = 0 // doubled quotes are always undone
	}
	return d
}

// OnError says what becomes of a bad row.
type OnError uint8

// The policies: Fail ends the scan with an error, Skip drops and counts the row.
const (
	Fail OnError = iota
	Skip
)

// Options are the options of a Reader.
type Options struct {
	Dialect   Dialect
	OnError   OnError
	NullText  string // what a null looks like when it is not quoted; default empty
	BatchRows int    // default columnar.BatchRows
	Name      string // of the input, for messages
	// OnBad, if set, is told of every row that Skip drops, in the order of lines: the line, the record
	// as it is, which is borrowed, and what is wrong with it.
	OnBad func(line int64, record []byte, why string) error
	// RecordBytesMax bounds a record; default 16 MiB.
	RecordBytesMax int
}

// Validate reports what is wrong with the options.
func (o Options) Validate() error {
	d := o.Dialect.withDefaults()
	var errs []error
	if d.Delimiter == d.Quote || d.Delimiter == '\n' || d.Delimiter == '\r' || d.Quote == '\n' || d.Quote == '\r' {
		errs = append(errs, fmt.Errorf("delimiter %q with quote %q", d.Delimiter, d.Quote))
	}
	if d.Escape != 0 && (d.Escape == d.Delimiter || d.Escape == '\n' || d.Escape == '\r') {
		errs = append(errs, fmt.Errorf("delimiter %q with escape character %q", d.Delimiter, d.Escape))
	}
	if o.OnError > Skip {
		errs = append(errs, fmt.Errorf("error policy %d is unknown", o.OnError))
	}
	return errors.Join(errs...)
}

// ParseOptions reads the options of a table that tell the dialect and the text of a null: get gives that
// of a key such as "csv.field-delimiter".
func ParseOptions(get func(key string) string) (Options, error) {
	o := Options{NullText: get("csv.null-literal")}
	o.Dialect.Header = get("csv.header") == "true"
	o.Dialect.NoQuotes = get("csv.disable-quote-character") == "true"
	o.Dialect.Comments = get("csv.allow-comments") == "true"
	one := func(key string, to *byte) error {
		v := strings.ReplaceAll(get(key), `\t`, "\t")
		if len(v) > 1 {
			return fmt.Errorf("option '%s' is '%s', not one character", key, v)
		}
		if v != "" {
			*to = v[0]
		}
		return nil
	}
	return o, cmp.Or(
		one("csv.field-delimiter", &o.Dialect.Delimiter),
		one("csv.quote-character", &o.Dialect.Quote),
		one("csv.escape-character", &o.Dialect.Escape),
	)
}

func (o Options) withDefaults() Options {
	o.Dialect = o.Dialect.withDefaults()
	if o.BatchRows <= 0 {
		o.BatchRows = columnar.BatchRows
	}
	if o.RecordBytesMax <= 0 {
		o.RecordBytesMax = 16 << 20
	}
	if o.Name == "" {
		o.Name = "input"
	}
	return o
}
