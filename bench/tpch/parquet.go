package tpch

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/anabranch/anabranch/format/parquet"
	"github.com/anabranch/anabranch/vfs"
)

// WriteParquet writes tables at a scale (none: all) to a folder, each as the file <table>.parquet.
func WriteParquet(dir string, scale float64, tables ...string) error {
	g, err := New(scale)
	if err != nil {
		return err
	}
	if len(tables) == 0 {
		tables = Tables()
	}
	for _, name := range tables {
		if err := g.writeParquet(filepath.Join(dir, name+".parquet"), name); err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
	}
	return nil
}

func (g *Generator) writeParquet(path, table string) error {
	s, err := Schema(table)
	if err != nil {
		return err
	}
	file, err := vfs.Create(path)
	if err != nil {
		return err
	}
	w := parquet.NewWriter(file, s, parquet.WriterOptions{})
	if err := g.Batches(context.Background(), table, w.Write); err != nil {
		return errors.Join(err, file.Abort())
	}
	if err := w.Close(); err != nil {
		return errors.Join(err, file.Abort())
	}
	return file.Commit()
}
