package checkpoint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDamagedMetadataSaysWhatToDo(t *testing.T) {
	for _, text := range []string{"", `{"version":`, "\x00\xff"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, metadataName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "is damaged") || !strings.Contains(err.Error(), "--fresh") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
