package file

import (
	"bufio"
	"compress/gzip"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// compress is a writer that compresses a text file by its name, as openText reads it. Files of other formats
// compress their parts themselves.
func compress(format, path string, w *bufio.Writer) (io.WriteCloser, error) {
	lower := strings.ToLower(path)
	switch {
	case format != "csv" && format != "json":
	case strings.HasSuffix(lower, ".gz"):
		return gzip.NewWriter(w), nil
	case strings.HasSuffix(lower, ".zst"), strings.HasSuffix(lower, ".zstd"):
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	}
	return plain{w}, nil
}

// plain writes as it is.
type plain struct{ *bufio.Writer }

// Close does nothing: the buffer is flushed by its owner.
func (plain) Close() error { return nil }
