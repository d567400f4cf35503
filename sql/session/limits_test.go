package session

import (
	"strings"
	"testing"

	"github.com/anabranch/anabranch/sql/parser"
)

// TestLongChains plans what programs generate: long chains of operators, of set operations and
// of joins in one condition.
func TestLongChains(t *testing.T) {
	const long = 20_000
	for name, text := range map[string]string{
		"and":   "SELECT 1 FROM nation WHERE n_nationkey <> 1" + strings.Repeat(" AND n_nationkey <> 2", long),
		"or":    "SELECT 1 FROM nation WHERE n_nationkey = 1" + strings.Repeat(" OR n_nationkey = 2", long),
		"plus":  "SELECT 1" + strings.Repeat(" + n_nationkey", 5_000) + " FROM nation",
		"in":    "SELECT 1 FROM nation WHERE n_nationkey IN (1" + strings.Repeat(", 2", long) + ")",
		"union": "SELECT 1" + strings.Repeat(" UNION ALL SELECT 2", 2_000),
		"items": "SELECT 1" + strings.Repeat(", n_nationkey", 2_000) + " FROM nation",
	} {
		t.Run(name, func(t *testing.T) {
			s := newFakeSession()
			if err := addTPCH(s); err != nil {
				t.Fatal(err)
			}
			statements, err := parser.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Plan(statements[0], text); err != nil {
				t.Fatal(err)
			}
		})
	}
}
