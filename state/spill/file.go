package spill

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/anabranch/anabranch/columnar"
)

// File holds frames of rows of one schema. One goroutine uses it.
type File struct {
	area   *Area
	schema *columnar.Schema
	disk   disk
	path   string
	end    int64
	buf    []byte
}

// Frame is where some rows lie in a file.
type Frame struct {
	Offset int64
	Bytes  int
	Rows   int
}

var crcTable = crc32.MakeTable(crc32.Castagnoli)

// crcBytes is the length of the checksum in front of a frame.
const crcBytes = 4

// Append writes the live rows of b.
func (f *File) Append(b *columnar.Batch) (Frame, error) {
	f.buf = columnar.EncodeBatch(append(f.buf[:0], make([]byte, crcBytes)...), b)
	binary.LittleEndian.PutUint32(f.buf, crc32.Checksum(f.buf[crcBytes:], crcTable))
	if _, err := f.disk.WriteAt(f.buf, f.end); err != nil {
		return Frame{}, fmt.Errorf("rows put aside: %w; make room or set io.tmp.dirs, or raise --memory", err)
	}
	at := Frame{Offset: f.end, Bytes: len(f.buf), Rows: b.Live()}
	f.end += int64(len(f.buf))
	f.area.written.Add(int64(len(f.buf)))
	return at, nil
}

// Read appends the rows of a frame to b.
func (f *File) Read(at Frame, b *columnar.Batch) error {
	if cap(f.buf) < at.Bytes {
		f.buf = make([]byte, at.Bytes)
	}
	f.buf = f.buf[:at.Bytes]
	if _, err := f.disk.ReadAt(f.buf, at.Offset); err != nil {
		return fmt.Errorf("rows put aside in %s: %w", f.path, err)
	}
	if binary.LittleEndian.Uint32(f.buf) != crc32.Checksum(f.buf[crcBytes:], crcTable) {
		return fmt.Errorf("rows put aside in %s, offset %d: they are not what was written", f.path, at.Offset)
	}
	if _, err := columnar.DecodeBatch(b, f.buf[crcBytes:]); err != nil {
		return fmt.Errorf("rows put aside in %s, offset %d: %w", f.path, at.Offset, err)
	}
	return nil
}

// Schema is that of the rows.
func (f *File) Schema() *columnar.Schema { return f.schema }

// SizeBytes is what the file takes on disk.
func (f *File) SizeBytes() int64 {
	if f == nil {
		return 0
	}
	return f.end
}

// Close removes the file. Close of nil does nothing.
func (f *File) Close() error {
	if f == nil {
		return nil
	}
	return f.disk.Close()
}
