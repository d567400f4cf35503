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
		"plus":  "SELECT 1" + strings.Repeat(" + n_nationkey", 4_000) + " FROM nation",
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

// TestDeepExpressionIsRefused as it is planned, not as its job is decoded.
func TestDeepExpressionIsRefused(t *testing.T) {
	for _, text := range []string{
		"SELECT 1" + strings.Repeat(" + n_nationkey", 10_000) + " FROM nation",
		"SELECT " + strings.Repeat("ABS(", 5_000) + "n_nationkey" + strings.Repeat(")", 5_000) + " FROM nation",
		"SELECT 1 FROM nation WHERE 1" + strings.Repeat(" + n_nationkey", 10_000) + " > 0",
	} {
		s := newFakeSession()
		if err := addTPCH(s); err != nil {
			t.Fatal(err)
		}
		statements, err := parser.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Plan(statements[0], text); err == nil || !strings.Contains(err.Error(), "nested more than 4500 levels deep") {
			t.Errorf("%.40s: %.200v", text, err)
		}
	}
}
