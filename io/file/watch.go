package file

import (
	"cmp"
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/vfs"
)

// monitorInterval is the option that makes a table a watched one.
const monitorInterval = "source.monitor-interval"

var (
	_ dataflow.Watcher = (*source)(nil)
	_ catalog.Bounder  = Connector{}
)

// watch reads how often to look for new files.
func (t *table) watch(o map[string]string) error {
	text := o[monitorInterval]
	if text == "" {
		return nil
	}
	every, ok := catalog.ParseDuration(text)
	if !ok || every <= 0 {
		return fmt.Errorf("table %s: %s is '%s', not a time such as '1 s'", t.name, monitorInterval, text)
	}
	t.monitor = every
	return nil
}

// Bound are the options of a table of the files there are now.
func (Connector) Bound(options map[string]string) map[string]string {
	if options[monitorInterval] == "" {
		return options
	}
	o := maps.Clone(options)
	delete(o, monitorInterval)
	return o
}

// Every is how often to look for new files.
func (s *source) Every() time.Duration { return s.table.monitor }

// Discover lists the splits of files that have not been seen, the oldest first. A file that cannot be
// cut is one split, whose reader tells why.
func (s *source) Discover(_ context.Context, seen map[string]bool) (splits []dataflow.Split, names []string, err error) {
	files, err := vfs.List(s.table.path)
	if err != nil && !errors.Is(err, vfs.ErrNoFiles) {
		return nil, nil, fmt.Errorf("table %s: %w", s.table.name, err)
	}
	files = slices.DeleteFunc(files, func(f vfs.Info) bool { return seen[f.Path] })
	files = s.matching(files)
	slices.SortStableFunc(files, func(a, b vfs.Info) int {
		return cmp.Or(a.Modified.Compare(b.Modified), strings.Compare(a.Path, b.Path))
	})
	for _, f := range files {
		list, err := s.split(f)
		if err != nil {
			data, err := stdjson.Marshal(fileSplit{Path: f.Path})
			if err != nil {
				return nil, nil, err
			}
			list = []dataflow.Split{{ID: f.Path, Data: data}}
		}
		splits, names = append(splits, list...), append(names, f.Path)
	}
	return splits, names, nil
}

// matching are the files in whose partitions there may be wanted rows. One that lies in none stays, so
// that its reader tells.
func (s *source) matching(files []vfs.Info) []vfs.Info {
	l := s.table.layout
	if l == nil || len(files) == 0 {
		return files
	}
	if p, err := l.partition(files); err == nil {
		if wanted, err := l.wanted(p.distinct, s.filter, s.env); err == nil {
			kept := files[:0:0]
			for i, f := range files {
				if _, ok := slices.BinarySearch(wanted, int32(p.of[i])); ok {
					kept = append(kept, f)
				}
			}
			return kept
		}
	}
	if len(files) == 1 {
		return files
	}
	var kept []vfs.Info
	for i := range files {
		kept = append(kept, s.matching(files[i:i+1:i+1])...)
	}
	return kept
}
