package state

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/anabranch/anabranch/columnar"
)

// A snapshot of a task is a run of sections. A section is the lengths of its uid, name and
// payload (4, 4 and 8 bytes), these three, and the CRC-32C of all that. See
// docs/format/checkpoint.md.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrCorrupt says that a snapshot's bytes are not what was written.
var ErrCorrupt = errors.New("corrupt snapshot")

// Writer takes the state of the operators of one task down.
type Writer struct {
	full Blob   // segments
	buf  []byte // the segment in the making
	uid  string
	err  error
}

// Blob is a run of bytes in pieces. An empty one is not nil.
type Blob [][]byte

// Len is the number of bytes.
func (b Blob) Len() (n int) {
	for _, piece := range b {
		n += len(piece)
	}
	return n
}

// For directs what follows to the operator uid.
func (w *Writer) For(uid string) { w.uid = uid }

// Blob are the sections written, and the first failure.
func (w *Writer) Blob() (Blob, error) {
	b := Blob{}
	if b = append(b, w.full...); len(w.buf) > 0 {
		b = append(b, w.buf)
	}
	return b, w.err
}

// Full takes out the sections that fill segments, for those who write them elsewhere before the rest: nil
// if there are none.
func (w *Writer) Full() Blob {
	full := w.full
	w.full = nil
	return full
}

// segmentBytes is the size from which on a segment is full. Segments keep a large snapshot from being
// copied as it grows.
const segmentBytes = 1 << 20

func (w *Writer) section(name string, payload func(dst []byte) []byte) {
	if n := len(w.buf); n >= segmentBytes {
		w.full, w.buf = append(w.full, w.buf), make([]byte, 0, n+n/8)
	}
	start := len(w.buf)
	w.buf = binary.LittleEndian.AppendUint32(w.buf, uint32(len(w.uid)))
	w.buf = binary.LittleEndian.AppendUint32(w.buf, uint32(len(name)))
	w.buf = append(w.buf, make([]byte, 8)...)
	w.buf = append(append(w.buf, w.uid...), name...)
	from := len(w.buf)
	w.buf = payload(w.buf)
	binary.LittleEndian.PutUint64(w.buf[start+8:], uint64(len(w.buf)-from))
	w.buf = binary.LittleEndian.AppendUint32(w.buf, crc32.Checksum(w.buf[start:], castagnoli))
}

// Value writes a small value that encodes as JSON.
func (w *Writer) Value(name string, v any) {
	text, err := json.Marshal(v)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("state %s of %s: %w", name, w.uid, err)
	}
	w.section(name, func(dst []byte) []byte { return append(dst, text...) })
}

// Rows writes the live rows of b; several calls with one name add up.
func (w *Writer) Rows(name string, b *columnar.Batch) {
	w.section(name, func(dst []byte) []byte { return columnar.EncodeBatch(dst, b) })
}

// Section is one piece of a snapshot.
type Section struct {
	UID, Name string
	Payload   []byte
	// Age is 0 in the newest snapshot of a task, 1 in the one before it that it refers to, and so on.
	Age int
}

// Parse cuts a task's snapshot into its sections and verifies their checksums.
func Parse(b []byte) ([]Section, error) {
	var sections []Section
	for len(b) > 0 {
		if len(b) < 16 {
			return nil, ErrCorrupt
		}
		uid, name := int(binary.LittleEndian.Uint32(b)), int(binary.LittleEndian.Uint32(b[4:]))
		size := binary.LittleEndian.Uint64(b[8:])
		if size > uint64(len(b)) || uid > len(b) || name > len(b) || 16+uid+name+int(size)+4 > len(b) {
			return nil, ErrCorrupt
		}
		end := 16 + uid + name + int(size)
		if crc32.Checksum(b[:end], castagnoli) != binary.LittleEndian.Uint32(b[end:]) {
			return nil, fmt.Errorf("%w: checksum of section %q", ErrCorrupt, b[16+uid:16+uid+name])
		}
		sections = append(sections, Section{UID: string(b[16 : 16+uid]), Name: string(b[16+uid : 16+uid+name]), Payload: b[16+uid+name : end]})
		b = b[end+4:]
	}
	return sections, nil
}

// Reader gives one subtask of an operator what all subtasks of the operator had written.
type Reader struct {
	// Subtask and Parallelism are those of the restored operator.
	Subtask, Parallelism int
	// Tasks has the operator's sections by old subtask, the newest snapshot's first.
	Tasks [][]Section
}

// Empty reports that the snapshot knows nothing of the operator.
func (r *Reader) Empty() bool {
	for _, t := range r.Tasks {
		if len(t) > 0 {
			return false
		}
	}
	return true
}

// Rows calls each with the rows of the state called name, whichever subtask wrote them. Of a table
// written by a Delta these are the newest of each id. The batch is borrowed.
func (r *Reader) Rows(name string, schema *columnar.Schema, each func(b *columnar.Batch) error) error {
	for old := range r.Tasks {
		if err := r.RowsOf(old, name, schema, each); err != nil {
			return err
		}
	}
	return nil
}

// RowsOf is Rows for what the old subtask wrote.
func (r *Reader) RowsOf(old int, name string, schema *columnar.Schema, each func(b *columnar.Batch) error) error {
	told := map[string]idSet{} // by part
	for _, s := range r.Tasks[old] {
		base, part, delta := strings.Cut(s.Name, deltaMark)
		if base != name || !delta && s.Age > 0 {
			continue
		}
		b := columnar.NewBatch(schema)
		var err error
		if delta {
			if told[part] == nil {
				told[part] = idSet{}
			}
			err = decodeDelta(b, s.Payload, told[part])
		} else {
			_, err = columnar.DecodeBatch(b, s.Payload)
		}
		if err == nil && b.Len() > 0 {
			err = each(b)
		}
		b.Release()
		if err != nil {
			return fmt.Errorf("state %s of %s: %w", name, s.UID, err)
		}
	}
	return nil
}

// Values decodes what each old subtask wrote under name, in order of subtasks.
func Values[T any](r *Reader, name string) ([]T, error) {
	var all []T
	for _, t := range r.Tasks {
		for _, s := range t {
			if s.Name != name || s.Age > 0 {
				continue
			}
			var v T
			if err := json.Unmarshal(s.Payload, &v); err != nil {
				return nil, fmt.Errorf("state %s of %s: %w", name, s.UID, err)
			}
			all = append(all, v)
		}
	}
	return all, nil
}

// Mine reports whether state that belongs to no key, written by the old subtask, goes to this
// one.
func (r *Reader) Mine(old int) bool { return old%r.Parallelism == r.Subtask }

// SelectOwn are the positions of the rows whose key group, given by the hash of their key,
// belongs to this subtask.
func (r *Reader) SelectOwn(hashes []uint64) []int32 {
	sel := []int32{}
	for i, h := range hashes {
		if columnar.SubtaskOf(h, r.Parallelism) == r.Subtask {
			sel = append(sel, int32(i))
		}
	}
	return sel
}
