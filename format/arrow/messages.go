package arrow

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// continuation begins a message, but for those of writers before Arrow 0.15.
const continuation = 1<<32 - 1

// messages reads the messages of a stream one after the other, or those of a file that blocks name. Their
// metadata is checked before the library sees it.
type messages struct {
	r      io.ReaderAt
	size   int64
	mem    *allocator
	blocks []block // of a file: what is still to be read
	stream bool
	at     int64 // of a stream: the next message
	last   *ipc.Message

	project *projection // nil reads all columns
}

var _ ipc.MessageReader = (*messages)(nil)

// Message returns the next message, valid until the next call, or io.EOF.
func (m *messages) Message() (*ipc.Message, error) {
	m.Release()
	for {
		if !m.stream {
			if len(m.blocks) == 0 {
				return nil, io.EOF
			}
			m.at = m.blocks[0].offset
			m.blocks = m.blocks[1:]
		} else if m.at == m.size {
			return nil, io.EOF
		}
		meta, err := m.metadata()
		if err != nil {
			return nil, err
		}
		if meta == nil {
			if !m.stream {
				return nil, fmt.Errorf("there is no message at byte %d", m.at)
			}
			return nil, io.EOF
		}
		check := newChecker(meta)
		n, err := check.message()
		if err != nil {
			return nil, err
		}
		if n > m.size-m.at {
			return nil, fmt.Errorf("the file is cut off: %d bytes at byte %d of %d", n, m.at, m.size)
		}
		if m.project != nil {
			keep, err := m.project.apply(meta)
			if err != nil {
				return nil, err
			}
			if !keep {
				m.at += n
				continue
			}
			check = newChecker(meta)
			if _, err := check.message(); err != nil {
				return nil, err
			}
		}
		return m.message(meta, check, n)
	}
}

// message reads the buffers of a body of n bytes.
func (m *messages) message(meta []byte, check *checker, n int64) (*ipc.Message, error) {
	if err := check.within(n); err != nil {
		return nil, err
	}
	body := memory.NewBufferWithAllocator(m.mem.Allocate(int(n)), m.mem)
	defer body.Release()
	begin := m.at
	for _, x := range check.ranges() {
		m.at = begin + x.offset
		if err := m.read(body.Bytes()[x.offset : x.offset+x.length]); err != nil {
			return nil, err
		}
	}
	m.at = begin + n
	if err := check.body(body.Bytes()); err != nil {
		return nil, err
	}
	m.last = ipc.NewMessage(memory.NewBufferBytes(meta), body)
	return m.last, nil
}

// metadata reads the metadata of the message at hand, nil if it is the mark of the end.
func (m *messages) metadata() ([]byte, error) {
	var head [4]byte
	if err := m.read(head[:]); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(head[:]))
	if n == continuation {
		if err := m.read(head[:]); err != nil {
			return nil, err
		}
		n = int64(binary.LittleEndian.Uint32(head[:]))
	}
	if n == 0 {
		return nil, nil
	}
	if n < 4 || n > m.size-m.at {
		return nil, fmt.Errorf("the file is cut off: %d bytes of metadata at byte %d of %d", n, m.at, m.size)
	}
	meta := make([]byte, n)
	return meta, m.read(meta)
}

func (m *messages) read(b []byte) error {
	if m.at < 0 || m.at > m.size-int64(len(b)) {
		return fmt.Errorf("the file is cut off: %d bytes at byte %d of %d", len(b), m.at, m.size)
	}
	n, err := m.r.ReadAt(b, m.at)
	m.at += int64(n)
	switch {
	case n == len(b):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	}
	return err
}

// Release frees the last message.
func (m *messages) Release() {
	if m.last != nil {
		m.last.Release()
		m.last = nil
	}
}

// Retain does nothing: a scan holds its messages.
func (m *messages) Retain() {}
