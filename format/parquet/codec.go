package parquet

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Compression codecs.
const (
	codecNone   = 0
	codecSnappy = 1
	codecGzip   = 2
	codecBrotli = 4
	codecZstd   = 6
	codecLz4Raw = 7
)

// decompressor turns compressed pages into their content; its state is used again by every
// page of a scan.
type decompressor struct {
	gzip   *gzip.Reader
	brotli *brotli.Reader
	zstd   *zstd.Decoder
	in     bytes.Reader
}

// run decompresses src into dst, which has exactly the size the page header promises.
func (d *decompressor) run(codec int, dst, src []byte) error {
	switch codec {
	case codecNone:
		if len(src) != len(dst) {
			return errSize
		}
		copy(dst, src)
		return nil
	case codecSnappy:
		if n, err := snappy.DecodedLen(src); err != nil || n != len(dst) {
			return errors.Join(errSize, err)
		}
		_, err := snappy.Decode(dst, src)
		return err
	case codecLz4Raw:
		n, err := lz4.UncompressBlock(src, dst)
		if err == nil && n != len(dst) {
			return errSize
		}
		return err
	case codecZstd:
		return d.runZstd(dst, src)
	case codecGzip, codecBrotli:
		return d.runStream(codec, dst, src)
	}
	return fmt.Errorf("compression codec %d is not supported", codec)
}

var errSize = errors.New("the page does not have the size its header promises")

func (d *decompressor) runZstd(dst, src []byte) error {
	if d.zstd == nil {
		z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(2*pageBytesMax))
		if err != nil {
			return err
		}
		d.zstd = z
	}
	out, err := d.zstd.DecodeAll(src, dst[:0:len(dst)])
	if err != nil {
		return err
	}
	if len(out) != len(dst) {
		return errSize
	}
	if len(out) > 0 && &out[0] != &dst[0] {
		copy(dst, out)
	}
	return nil
}

func (d *decompressor) runStream(codec int, dst, src []byte) error {
	d.in.Reset(src)
	var r io.Reader
	if codec == codecGzip {
		if d.gzip == nil {
			d.gzip = new(gzip.Reader)
		}
		if err := d.gzip.Reset(&d.in); err != nil {
			return err
		}
		r = d.gzip
	} else {
		if d.brotli == nil {
			d.brotli = new(brotli.Reader)
		}
		if err := d.brotli.Reset(&d.in); err != nil {
			return err
		}
		r = d.brotli
	}
	if _, err := io.ReadFull(r, dst); err != nil {
		return errors.Join(errSize, err)
	}
	return nil
}

func (d *decompressor) close() {
	if d.zstd != nil {
		d.zstd.Close()
		d.zstd = nil
	}
}
