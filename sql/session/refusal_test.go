package session

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/sql/plan"
)

// TestRefusals checks that each refusal is in the table and each entry of it is used.
func TestRefusals(t *testing.T) {
	files, err := filepath.Glob("../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	call := regexp.MustCompile(`plan\.Refuse\([^"\n]*"([^"]+)"`)
	used := map[plan.Refusal]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllStringSubmatch(string(text), -1) {
			used[plan.Refusal(m[1])] = true
			if plan.Refusals()[plan.Refusal(m[1])] == "" {
				t.Errorf("%s refuses %q, which is not in the table", file, m[1])
			}
		}
	}
	for id := range plan.Refusals() {
		if !used[id] {
			t.Errorf("nothing refuses %q", id)
		}
	}
}
