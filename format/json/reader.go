package json

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/anabranch/anabranch/columnar"
)

// OnError says what becomes of a bad row.
type OnError uint8

// The policies: Fail ends the scan with an error, Skip drops and counts the row.
const (
	Fail OnError = iota
	Skip
)

// TimestampFormat is the text form of timestamps.
type TimestampFormat uint8

// The formats: SQL has a blank between date and time, ISO8601 a T.
const (
	SQL TimestampFormat = iota
	ISO8601
)

// Options are the options of a Reader and a Writer.
type Options struct {
	OnError       OnError
	FailOnMissing bool            // a field that an object lacks is an error, not null
	Timestamps    TimestampFormat // default SQL
	OmitNulls     bool            // a Writer leaves fields out that are null
	BatchRows     int             // default columnar.BatchRows
	Name          string          // of the input, for messages
	// OnBad, if set, is told of every line that Skip drops: its number, the line as it is, which is
	// borrowed, and what is wrong with it.
	OnBad func(line int64, text []byte, why string) error
	// LineBytesMax bounds a line; default 64 MiB.
	LineBytesMax int
}

// Validate reports what is wrong with the options.
func (o Options) Validate() error {
	var errs []error
	if o.OnError > Skip {
		errs = append(errs, fmt.Errorf("error policy %d is unknown", o.OnError))
	}
	if o.Timestamps > ISO8601 {
		errs = append(errs, fmt.Errorf("timestamp format %d is unknown", o.Timestamps))
	}
	if o.FailOnMissing && o.OnError == Skip && o.OnBad == nil {
		errs = append(errs, errors.New("missing fields cannot fail where bad rows are skipped"))
	}
	return errors.Join(errs...)
}

const readBytes = 256 << 10

// Reader reads one object a line, or the objects of one array, as batches. An array is read
// into memory as a whole. A Reader is for one goroutine.
type Reader struct {
	r       io.Reader
	opt     Options
	batch   *columnar.Batch
	plan    plan
	d       decoder
	buf     []byte
	pos     int
	eof     bool
	begun   bool
	array   bool
	done    bool // the array has ended
	first   bool // no element of the array has been read
	line    int64
	skipped int64
	err     error
}

// NewReader reads rows of the schema from r; bad options are reported by the first Next.
func NewReader(r io.Reader, schema *columnar.Schema, opt Options) *Reader {
	j := &Reader{r: r, opt: opt}
	if j.opt.BatchRows <= 0 {
		j.opt.BatchRows = columnar.BatchRows
	}
	if j.opt.LineBytesMax <= 0 {
		j.opt.LineBytesMax = 64 << 20
	}
	if j.opt.Name == "" {
		j.opt.Name = "input"
	}
	j.err = opt.Validate()
	for _, f := range schema.Fields {
		if err := supported(f.Type); err != nil {
			j.err = errors.Join(j.err, fmt.Errorf("column %q: %w", f.Name, err))
		}
	}
	if j.err != nil {
		j.err = fmt.Errorf("json: %s: %w", j.opt.Name, j.err)
		return j
	}
	j.plan = newPlan(columnar.Type{Kind: columnar.Row, Fields: schema.Fields})
	j.d.iso, j.d.failMissing = opt.Timestamps == ISO8601, opt.FailOnMissing
	j.batch = columnar.NewBatch(schema)
	return j
}

func supported(t columnar.Type) error {
	if t.IsInterval() || t.Kind == columnar.Null {
		return fmt.Errorf("%s has no JSON form", t)
	}
	if t.Kind == columnar.Map && !t.Fields[0].Type.IsString() {
		return fmt.Errorf("a MAP in JSON has STRING keys, not %s", t.Fields[0].Type)
	}
	for _, f := range t.Fields {
		if err := supported(f.Type); err != nil {
			return err
		}
	}
	return nil
}

// Line is the number of the last line read so far; 0 for an array.
func (j *Reader) Line() int64 { return j.line }

// Skipped is the number of bad rows dropped so far.
func (j *Reader) Skipped() int64 { return j.skipped }

// Close frees the memory of the last batch. The input is the caller's to close.
func (j *Reader) Close() {
	if j.batch != nil {
		j.batch.Release()
	}
}

// Next returns the next batch, borrowed until the next call, or io.EOF at the end.
func (j *Reader) Next() (*columnar.Batch, error) {
	if j.err != nil {
		return nil, j.err
	}
	j.batch.Reset(j.opt.BatchRows)
	n, err := j.rows()
	if err != nil {
		j.err = fmt.Errorf("json: %s: %w", j.opt.Name, err)
		return nil, j.err
	}
	if n == 0 {
		j.err = io.EOF
		return nil, io.EOF
	}
	for _, c := range j.batch.Cols {
		c.Truncate(n)
	}
	j.batch.SetLen(n)
	return j.batch, nil
}

func (j *Reader) rows() (int, error) {
	if !j.begun {
		if err := j.begin(); err != nil {
			return 0, err
		}
	}
	if j.array {
		return j.elements()
	}
	n := 0
	for n < j.opt.BatchRows {
		line, err := j.nextLine()
		if err != nil || line == nil {
			return n, err
		}
		j.d.b, j.d.pos, j.d.msg, j.d.depth = line, 0, "", 0
		if j.d.space() == '\n' {
			continue
		}
		ok := j.d.object(&j.plan, j.batch.Cols, n)
		if ok && j.d.space() != '\n' {
			ok = j.d.fail("text behind the object")
		}
		if ok {
			n++
			continue
		}
		if j.opt.OnError == Fail {
			return 0, fmt.Errorf("line %d, byte %d: %s", j.line, j.d.pos+1, j.d.msg)
		}
		j.skipped++
		if j.opt.OnBad == nil {
			continue
		}
		if err := j.opt.OnBad(j.line, bytes.TrimRight(line, "\r\n"), fmt.Sprintf("byte %d: %s", j.d.pos+1, j.d.msg)); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// nextLine returns the next line with its end and slack behind it; nil at the end.
func (j *Reader) nextLine() ([]byte, error) {
	searched := 0
	for {
		if i := bytes.IndexByte(j.buf[j.pos+searched:], '\n'); i >= 0 {
			from := j.pos
			j.pos += searched + i + 1
			j.line++
			return j.buf[from:j.pos], nil
		}
		if j.eof {
			if j.pos == len(j.buf) {
				return nil, nil
			}
			j.buf = append(j.buf, '\n') // fill leaves room for it
			continue
		}
		searched = len(j.buf) - j.pos
		if searched > j.opt.LineBytesMax {
			return nil, fmt.Errorf("line %d: more than %d bytes", j.line+1, j.opt.LineBytesMax)
		}
		if err := j.fill(); err != nil {
			return nil, err
		}
	}
}

// fill moves what is left to the front of the buffer and reads more behind it.
func (j *Reader) fill() error {
	left := copy(j.buf, j.buf[j.pos:])
	j.buf, j.pos = j.buf[:left], 0
	if cap(j.buf)-left < readBytes/2+slack+1 {
		grown := make([]byte, left, 2*cap(j.buf)+readBytes+slack+1)
		copy(grown, j.buf)
		j.buf = grown
	}
	n, err := j.r.Read(j.buf[left : cap(j.buf)-slack-1])
	j.buf = j.buf[:left+n]
	if errors.Is(err, io.EOF) {
		j.eof, err = true, nil
	}
	return err
}

// begin skips a byte order mark and white space and finds out whether the input is an array.
func (j *Reader) begin() error {
	j.begun = true
	for {
		b := bytes.TrimPrefix(j.buf, []byte("\xef\xbb\xbf"))
		skipped := len(j.buf) - len(b)
		if t := bytes.TrimLeft(b, " \t\r\n"); len(t) > 0 && (skipped > 0 || len(j.buf) >= 3 || t[0] != 0xef) {
			j.pos = skipped
			j.array = t[0] == '['
			break
		}
		if j.eof {
			j.pos = skipped
			return nil
		}
		if err := j.fill(); err != nil {
			return err
		}
	}
	if !j.array {
		return nil
	}
	rest, err := io.ReadAll(j.r)
	if err != nil {
		return err
	}
	text := append(append(make([]byte, 0, len(j.buf)+len(rest)+slack+1), j.buf[j.pos:]...), rest...)
	j.d.b, j.d.multi, j.first = append(text, 0), true, true
	j.d.space()
	j.d.pos++
	return nil
}

// elements decodes the next objects of the array. There is no way to find the next object
// behind a syntax error, so a bad one always fails.
func (j *Reader) elements() (int, error) {
	n := 0
	d := &j.d
	for n < j.opt.BatchRows && !j.done {
		c := d.space()
		if j.first && c == ']' {
			d.pos++
			j.done = true
			break
		}
		j.first = false
		if !d.object(&j.plan, j.batch.Cols, n) {
			return 0, fmt.Errorf("byte %d: %s", d.pos+1, d.msg)
		}
		n++
		d.depth++ // more leaves the array's level
		more, ok := d.more(']')
		if !ok {
			return 0, fmt.Errorf("byte %d: %s", d.pos+1, d.msg)
		}
		j.done, d.depth = !more, 0
	}
	if j.done && n == 0 {
		if d.space(); d.pos != len(d.b)-1 {
			return 0, fmt.Errorf("byte %d: text behind the array", d.pos+1)
		}
	}
	return n, nil
}
