package session

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/sql/ast"
)

// TestSettingsAreDocumented compares the keys with those in the first columns of the documentation.
func TestSettingsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/settings.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*) \\|").FindAllStringSubmatch(string(text), -1) {
		for _, key := range regexp.MustCompile("`([^`]*)`").FindAllStringSubmatch(row[1], -1) {
			documented = append(documented, key[1])
		}
	}
	slices.Sort(documented)
	if known := slices.Sorted(maps.Keys(knownSettings())); !slices.Equal(documented, known) {
		t.Errorf("documented %q, known %q", documented, known)
	}
}

// TestSettingsOfWords sets some in capitals: what reads them compares small letters.
func TestSettingsOfWords(t *testing.T) {
	s := New(nil)
	for _, c := range [][2]string{
		{"execution.runtime-mode", "BATCH"},
		{"table.optimizer.reuse-source-enabled", "True"},
		{"state.backend.type", "Pebble"},
		{"restart-strategy.type", "NONE"},
	} {
		if _, err := s.Apply(&ast.Set{Key: c[0], Value: c[1]}, ""); err != nil {
			t.Error(err)
		}
		if got := s.Setting(c[0]); got != strings.ToLower(c[1]) {
			t.Errorf("%s is %q", c[0], got)
		}
	}
}

func TestSettingsWithoutEffectSaySo(t *testing.T) {
	s := New(nil)
	for _, c := range []struct{ key, value, note string }{
		{"table.exec.mini-batch.enabled", "true", "'table.exec.mini-batch.enabled' has no effect: rows are processed in batches anyway"},
		{"table.exec.sink.not-null-enforcer", "ERROR", "'table.exec.sink.not-null-enforcer' has no effect: a null in a column that is NOT NULL is an error"},
		{"execution.checkpointing.unaligned.enabled", "true", "'execution.checkpointing.unaligned.enabled' has no effect: barriers are aligned"},
		{"state.backend.rocksdb.memory.managed", "true", "'state.backend.rocksdb.memory.managed' has no effect: --memory is all that tunes state on disk"},
		{"parallelism.default", "2", ""},
		{"state.checkpoints.dir", "file:///tmp/x", ""},
	} {
		r, err := s.Apply(&ast.Set{Key: c.key, Value: c.value}, "")
		if err != nil || r.Note != c.note {
			t.Errorf("%s: %+v, %v", c.key, r, err)
		}
	}
	if got := s.Setting("execution.checkpointing.dir"); got != "file:///tmp/x" {
		t.Errorf("the folder is %q", got)
	}
	if _, err := s.Apply(&ast.Reset{Key: "state.checkpoints.dir"}, ""); err != nil || s.Setting("execution.checkpointing.dir") != "" {
		t.Errorf("reset: %v", err)
	}
}

// TestSettingsHaveLimits sets numbers that are too small or too large.
func TestSettingsHaveLimits(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"parallelism.default", "0", "a whole number from 1 to 512"},
		{"parallelism.default", "5000", "a whole number from 1 to 512"},
		{"execution.checkpointing.num-retained", "0", "a whole number from 1 to 1000"},
		{"table.exec.sink.not-null-enforcer", "DROP", "takes error"},
		{"restart-strategy.exponential-delay.jitter-factor", "7", "a number from 0 to 1"},
		{"restart-strategy.exponential-delay.jitter-factor", "NaN", "a number from 0 to 1"},
		{"restart-strategy.exponential-delay.backoff-multiplier", "0.5", "a number from 1 to 1000"},
	} {
		_, err := New(nil).Apply(&ast.Set{Key: c.key, Value: c.value}, "")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s = %s: %v, want %s", c.key, c.value, err, c.want)
		}
	}
}

// TestScratchIsOneDirectory refuses lists, as Flink takes them.
func TestScratchIsOneDirectory(t *testing.T) {
	list := strings.Join([]string{"/a", "/b"}, string(os.PathListSeparator))
	for value, ok := range map[string]bool{"": true, "/mnt/fast": true, "/a,/b": false, "/a|/b": false, list: false} {
		if _, err := New(nil).Apply(&ast.Set{Key: "io.tmp.dirs", Value: value}, ""); (err == nil) != ok {
			t.Errorf("%q: %v", value, err)
		}
	}
}

// TestSettingsHaveOldNames sets keys by the names that Flink gave them before.
func TestSettingsHaveOldNames(t *testing.T) {
	for old, now := range map[string]struct{ key, value string }{
		"restart-strategy":                        {"restart-strategy.type", "none"},
		"state.backend":                           {"state.backend.type", "rocksdb"},
		"state.backend.rocksdb.localdir":          {"io.tmp.dirs", "/mnt/fast"},
		"state.checkpoints.num-retained":          {"execution.checkpointing.num-retained", "3"},
		"table.exec.resource.default-parallelism": {"parallelism.default", "2"},
	} {
		s := New(nil)
		if _, err := s.Apply(&ast.Set{Key: old, Value: now.value}, ""); err != nil || s.Setting(now.key) != now.value {
			t.Errorf("%s: %s is %q, %v", old, now.key, s.Setting(now.key), err)
		}
	}
}
