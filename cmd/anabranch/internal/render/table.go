package render

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"github.com/anabranch/anabranch/columnar"
)

// sampleRows is how many rows are looked at to choose the widths of columns. Later rows are
// written as they come: a value wider than its column then moves the rest of its line.
const sampleRows = 2000

// table draws results with aligned columns.
type table struct {
	w        io.Writer
	widthMax int
	location func() *time.Location

	zone    *time.Location
	schema  *columnar.Schema
	widths  []int
	sampled []byte // the cells of the rows held back, one after the other
	ends    []int  // where each of them ends in sampled
	held    int    // rows held back
	flowing bool   // widths are chosen and the head is written
	rows    int64
	buf     []byte
	cell    []byte
}

// Begin starts a result.
func (t *table) Begin(s *columnar.Schema) error {
	t.zone = t.location()
	t.schema, t.widths = s, make([]int, len(s.Fields))
	t.sampled, t.ends, t.held, t.flowing, t.rows = t.sampled[:0], t.ends[:0], 0, false, 0
	for c, f := range s.Fields {
		t.widths[c] = runewidth.StringWidth(f.Name)
	}
	return nil
}

// Rows adds a batch.
func (t *table) Rows(b *columnar.Batch) error {
	for k := range b.Live() {
		i := b.Row(k)
		t.rows++
		if t.flowing {
			t.buf = t.line(t.buf, func(c int) []byte { return t.text(b.Cols[c], i) })
			continue
		}
		for c, v := range b.Cols {
			text := t.text(v, i)
			t.widths[c] = max(t.widths[c], displayWidth(text))
			t.sampled = append(t.sampled, text...)
			t.ends = append(t.ends, len(t.sampled))
		}
		if t.held++; t.held == sampleRows {
			t.flow()
		}
	}
	return t.flush()
}

// Flush writes the rows held back, so that those of a result without end are seen at once.
func (t *table) Flush() error {
	if !t.flowing && t.rows > 0 {
		t.flow()
	}
	return t.flush()
}

// flow chooses the widths and writes the head and the rows held back.
func (t *table) flow() {
	t.flowing = true
	t.buf = t.line(t.buf, func(c int) []byte { return []byte(t.schema.Fields[c].Name) })
	for c, w := range t.widths {
		if c > 0 {
			t.buf = append(t.buf, '+')
		}
		t.buf = append(t.buf, bytes.Repeat([]byte{'-'}, w+2)...)
	}
	t.buf = append(t.buf, '\n')
	from, at := 0, 0
	for range t.held {
		t.buf = t.line(t.buf, func(int) []byte {
			cell := t.sampled[from:t.ends[at]]
			from, at = t.ends[at], at+1
			return cell
		})
	}
	t.sampled, t.ends = t.sampled[:0], t.ends[:0]
}

// line appends the cells of a row.
func (t *table) line(dst []byte, cell func(c int) []byte) []byte {
	for c, f := range t.schema.Fields {
		if c > 0 {
			dst = append(dst, '|')
		}
		dst = append(dst, ' ')
		text := cell(c)
		blanks := max(0, t.widths[c]-displayWidth(text))
		if f.Type.IsNumeric() {
			dst = append(dst, bytes.Repeat([]byte{' '}, blanks)...)
			blanks = 0
		}
		dst = append(dst, text...)
		if c < len(t.schema.Fields)-1 {
			dst = append(dst, bytes.Repeat([]byte{' '}, blanks+1)...)
		}
	}
	return append(dst, '\n')
}

// End writes what is held back and the number of rows.
func (t *table) End() error {
	if t.isProse() {
		t.buf = append(append(t.buf, t.prose()...), '\n')
		return t.flush()
	}
	if !t.flowing {
		t.flow()
	}
	unit := "rows"
	if t.rows == 1 {
		unit = "row"
	}
	t.buf = fmt.Appendf(t.buf, "(%d %s)\n", t.rows, unit)
	return t.flush()
}

func (t *table) flush() error {
	if len(t.buf) == 0 {
		return nil
	}
	_, err := t.w.Write(t.buf)
	t.buf = t.buf[:0]
	return err
}

// escapedNewline is how a line break within a cell is shown.
const escapedNewline = `\n`

// isProse reports whether the result is one text of several lines, such as a plan, which is shown
// as it is.
func (t *table) isProse() bool {
	return !t.flowing && t.held == 1 && len(t.widths) == 1 && bytes.Contains(t.sampled, []byte(escapedNewline)) &&
		t.schema.Fields[0].Type.IsString()
}

func (t *table) prose() []byte {
	return bytes.TrimRight(bytes.ReplaceAll(t.sampled, []byte(escapedNewline), []byte{'\n'}), "\n")
}

// text is row i of v as it is shown, valid until the next call.
func (t *table) text(v *columnar.Vector, i int) []byte {
	t.cell = columnar.AppendText(t.cell[:0], v, i, t.zone)
	if hasControl(t.cell) {
		t.cell = escapeControl(t.cell)
	}
	if t.widthMax > 0 && len(t.schema.Fields) > 1 && !v.Type.IsNumeric() && displayWidth(t.cell) > t.widthMax {
		t.cell = append(t.cell[:0], runewidth.Truncate(string(t.cell), t.widthMax, "…")...)
	}
	return t.cell
}

func displayWidth(s []byte) int {
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return runewidth.StringWidth(string(s))
		}
	}
	return len(s)
}

func hasControl(s []byte) bool {
	for _, c := range s {
		if c < 0x20 || c == 0x7f {
			return true
		}
	}
	return false
}

// escapeControl shows control characters as Go writes them, so that a value can neither break the
// lines of a table nor command the terminal.
func escapeControl(s []byte) []byte {
	var out []byte
	for _, c := range s {
		if c < 0x20 || c == 0x7f {
			quoted := strconv.AppendQuoteRune(nil, rune(c))
			out = append(out, quoted[1:len(quoted)-1]...)
			continue
		}
		out = append(out, c)
	}
	return out
}
