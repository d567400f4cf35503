package arrow

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	lib "github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/anabranch/anabranch/columnar"
)

const (
	magic        = "ARROW1"
	featherMagic = "FEA1"
	// bufferBytesMax bounds a buffer of a file. Most are bounded by the file's size.
	bufferBytesMax = 1 << 33
	schemaOffset   = 8
)

// File is an Arrow IPC file or stream. It may be scanned any number of times, also at once if its reader
// allows that.
type File struct {
	r      io.ReaderAt
	size   int64
	name   string
	stream bool
	schema *columnar.Schema
	lib    *lib.Schema // the same as the library has it
	// Of a file:
	dictionaries, batches []block
}

// Open reads the schema of a file or stream of size bytes; name is for messages.
func Open(r io.ReaderAt, size int64, name string) (*File, error) {
	f := &File{r: r, size: size, name: name}
	if err := f.open(); err != nil {
		return nil, fmt.Errorf("arrow: %s: %w", name, err)
	}
	return f, nil
}

func (f *File) open() error {
	if err := f.sniff(); err != nil {
		return err
	}
	if !f.stream {
		if err := f.readFooter(); err != nil {
			return err
		}
	}
	mem := &allocator{}
	defer mem.close()
	r, err := f.reader(mem, 0, 0, nil)
	if err != nil {
		return err
	}
	defer r.Release()
	return decode(func() error {
		f.lib = r.Schema()
		f.schema, err = schemaOf(f.lib)
		return err
	})
}

// readFooter reads where the messages of a file are.
func (f *File) readFooter() error {
	m := messages{r: f.r, size: f.size, at: f.size - int64(len(magic)) - 4}
	var length [4]byte
	if err := m.read(length[:]); err != nil {
		return err
	}
	n := int64(binary.LittleEndian.Uint32(length[:]))
	if m.at -= 4 + n; m.at < int64(len(magic)) {
		return fmt.Errorf("a footer of %d bytes in a file of %d", n, f.size)
	}
	footer := make([]byte, n)
	err := m.read(footer)
	if err != nil {
		return err
	}
	f.dictionaries, f.batches, err = readFooter(footer)
	return err
}

// sniff tells files from streams by their first bytes.
func (f *File) sniff() error {
	head := make([]byte, min(f.size, 8))
	if len(head) == 0 {
		return errors.New("not an Arrow file: it is empty")
	}
	if _, err := f.r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte(magic)):
		tail := make([]byte, len(magic))
		if _, err := f.r.ReadAt(tail, max(f.size-int64(len(magic)), 0)); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if string(tail) != magic || f.size < 20 {
			return fmt.Errorf("the file is cut off: it ends in %q, not %q", tail, magic)
		}
		return nil
	case bytes.HasPrefix(head, []byte(featherMagic)):
		return errors.New("a Feather file of version 1 is not supported")
	}
	f.stream = true
	// Streams begin with a mark or, in old ones, with the length of the schema.
	if len(head) < 8 || binary.LittleEndian.Uint32(head) != 1<<32-1 && int64(binary.LittleEndian.Uint32(head)) > f.size {
		return fmt.Errorf("not an Arrow file: it begins with %q", head)
	}
	return nil
}

// decode calls into the library, which panics over some damaged files. What it panics with is an error
// of the file.
func decode(read func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the file is damaged: %v", p)
		}
	}()
	return read()
}

// reader starts to read the record batches from to to-1 of a file, or a stream as a whole; of all columns,
// or of those of a projection.
func (f *File) reader(mem *allocator, from, to int, p *projection) (r *ipc.Reader, err error) {
	mem.bytesMax = min(bufferBytesMax, f.size*ratioZstd)
	m := &messages{r: f.r, size: f.size, mem: mem, stream: f.stream, project: p}
	if !f.stream {
		// A file is a stream behind the magic bytes: its first message is the schema.
		m.blocks = append(append([]block{{schemaOffset}}, f.dictionaries...), f.batches[from:to]...)
	}
	err = decode(func() error {
		r, err = ipc.NewReaderFromMessageReader(m, ipc.WithAllocator(mem))
		return err
	})
	return r, err
}

// Schema is the file's columns.
func (f *File) Schema() *columnar.Schema { return f.schema }

// NumBatches is the number of record batches of a file, 0 of a stream, which is read as a whole.
func (f *File) NumBatches() int { return len(f.batches) }
