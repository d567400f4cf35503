package file

import (
	"path/filepath"
	"slices"
)

// replaced are the directories that INSERT OVERWRITE empties of files of before, once those of all subtasks are
// visible: that of the table, that of the partition the statement names, or those of the partitions this
// subtask has written. A single file takes the place of the one before by its name.
func (s *sink) replaced() []prepared {
	if !s.overwrite {
		return nil
	}
	var dirs []string
	switch {
	case s.partitions == nil && isFile(s.table.path):
	case s.partitions == nil:
		dirs = []string{s.table.path}
	case s.static != nil:
		dirs = []string{filepath.Join(s.table.path, s.table.layout.path(s.static))}
	default:
		for _, p := range s.full {
			if dir := filepath.Dir(p.Final); !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	var list []prepared
	for _, dir := range dirs {
		list = append(list, prepared{Replaced: dir, Keep: partPrefix(s.ctx.Owner)})
	}
	return list
}
