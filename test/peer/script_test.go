package peer

import (
	"fmt"
	"os"
	"strings"
)

// block is one paragraph of an .slt file.
type block struct {
	directive string // query, error or statement ok, with options
	sql       string
	want      []string
	peer      string // the text after "# peer:", empty if there is none
}

func readScript(path string) ([]block, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var blocks []block
	for _, paragraph := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		var b block
		for strings.HasPrefix(paragraph, "#") {
			line, rest, _ := strings.Cut(paragraph, "\n")
			if p, ok := strings.CutPrefix(line, "# peer:"); ok {
				b.peer = strings.TrimSpace(p)
			}
			paragraph = rest
		}
		if paragraph == "" {
			continue
		}
		directive, rest, _ := strings.Cut(paragraph, "\n")
		sql, want, _ := strings.Cut(rest+"\n", "----\n")
		b.directive, b.sql = directive, sql
		if want = strings.TrimRight(want, "\n"); want != "" {
			b.want = strings.Split(want, "\n")
		}
		blocks = append(blocks, b)
	}
	return blocks, nil
}

// query is what DuckDB is asked for a block.
func (b block) query() (sql string, way string, err error) {
	reason, none := strings.CutPrefix(b.peer, "none")
	reason = strings.TrimSpace(strings.TrimPrefix(reason, ":"))
	switch {
	case none && reason != "":
		return "", "none", nil
	case none:
		return "", "", fmt.Errorf("none without a reason: %s", b.sql)
	case b.peer == "same":
		return b.sql, "same", nil
	case b.peer == "" && strings.HasPrefix(b.directive, "statement"):
		return "", "", nil
	case b.peer == "":
		return "", "", fmt.Errorf("no peer line: %s", b.sql)
	}
	return b.peer, "rewrite", nil
}
