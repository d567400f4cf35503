package plan

import (
	"os"
	"strings"
	"testing"
)

func TestLimitationsListRefusals(t *testing.T) {
	page, err := os.ReadFile("../../docs/limitations.md")
	if err != nil {
		t.Fatal(err)
	}
	for id, message := range Refusals() {
		row := "| `" + string(id) + "` | " + strings.ReplaceAll(message, "%s", "…") + " |"
		if !strings.Contains(string(page), row) {
			t.Errorf("docs/limitations.md lacks the row\n%s", row)
		}
	}
}
