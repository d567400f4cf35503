package deadletter

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/vfs"
)

// Policy says what becomes of rows that cannot be read.
type Policy uint8

// The policies: Fail ends the job with an error, Skip leaves the row out and counts it, Keep writes it
// to a directory as well.
const (
	Fail Policy = iota
	Skip
	Keep
)

// Options are what a table says of its bad rows.
type Options struct {
	Policy Policy
	Dir    string // of Keep
}

// The options of a table.
const (
	keyPolicy = "on-error"
	keyDir    = "on-error.dead-letter.path"
)

// Known lists the options for a connector to offer.
func Known() []catalog.Option {
	return []catalog.Option{
		{Key: keyPolicy, Description: "what becomes of bad rows: fail, skip, or dead-letter", Default: "fail"},
		{Key: keyDir, Description: "directory to which dead-letter writes them"},
	}
}

// Parse reads the options of a table. Flink's ignore-parse-errors, if one of the keys ignore is set, is
// skip.
func Parse(o map[string]string, ignore ...string) (Options, error) {
	var p Options
	ignoring := ""
	for _, key := range ignore {
		if o[key] == "true" {
			p.Policy, ignoring = Skip, key
		}
	}
	switch v := strings.ToLower(o[keyPolicy]); v {
	case "":
	case "fail", "skip", "dead-letter":
		p.Policy = map[string]Policy{"fail": Fail, "skip": Skip, "dead-letter": Keep}[v]
	default:
		return p, fmt.Errorf("option '%s' is '%s', not fail, skip or dead-letter", keyPolicy, o[keyPolicy])
	}
	if ignoring != "" && p.Policy != Skip {
		return p, fmt.Errorf("options '%s' and '%s' = '%s' contradict each other", ignoring, keyPolicy, o[keyPolicy])
	}
	var err error
	if p.Dir, err = vfs.Local(o[keyDir]); err != nil {
		return p, fmt.Errorf("option '%s': %w", keyDir, err)
	}
	switch {
	case p.Policy == Keep && p.Dir == "":
		return p, fmt.Errorf("option '%s' = 'dead-letter' needs '%s', a directory", keyPolicy, keyDir)
	case p.Policy != Keep && p.Dir != "":
		return p, fmt.Errorf("option '%s' is for '%s' = 'dead-letter'", keyDir, keyPolicy)
	}
	return p, nil
}

// Within reports whether the files of dir are among those that a table of the path, a directory or a
// glob, reads.
func Within(dir, path string) bool {
	root := path
	if at := strings.IndexAny(root, "*?["); at >= 0 {
		root = root[:strings.LastIndexByte(root[:at], '/')+1]
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return false
	}
	dir, err = filepath.Abs(strings.TrimPrefix(dir, "file://"))
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(root, dir)
	if err != nil {
		return false
	}
	for _, part := range strings.Split(filepath.ToSlash(rel), "/") {
		if part == ".." || part != "." && (part[0] == '.' || part[0] == '_') {
			return false // outside, or hidden from the table
		}
	}
	return true
}
