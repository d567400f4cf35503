package shell

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// words lists the keywords that completion offers.
func words() []string {
	return strings.Fields(`
		ALTER AND AS ASC BETWEEN BY CASE CAST COPY COUNT CREATE CROSS CURRENT_TIMESTAMP DATE DECIMAL DELETE
		DESC DESCRIBE DISTINCT DROP ELSE END EXCEPT EXECUTE EXISTS EXIT EXPLAIN EXTRACT FALSE FILTER FROM
		FULL GROUP GROUPING HAVING HOP HELP IN INNER INSERT INTERSECT INTERVAL INTO IS JOIN LATERAL LEFT
		LIKE LIMIT NOT NULL OFFSET ON OR ORDER OUTER OVER PARTITION PRIMARY QUIT RESET RIGHT ROW SELECT SET
		SHOW STATEMENT SUBSTRING SUM TABLE TABLES TEMPORARY THEN TIMESTAMP TRUE TUMBLE UNION UNNEST USING
		VALUES VIEW VIEWS WATERMARK WHEN WHERE WITH`)
}

// complete offers the words that begin like the one before the cursor, which is at character at.
func complete(text string, at int, names []string) (head string, found []string, tail string) {
	runes := []rune(text)
	at = min(at, len(runes))
	start := at
	for start > 0 && isWord(runes[start-1]) {
		start--
	}
	prefix := string(runes[start:at])
	head, tail = string(runes[:start]), string(runes[at:])
	if prefix == "" {
		return head, nil, tail
	}
	upper := strings.ToUpper(prefix)
	lower := prefix != upper
	for _, w := range words() {
		if strings.HasPrefix(w, upper) {
			if lower {
				w = strings.ToLower(w)
			}
			found = append(found, w+" ")
		}
	}
	for _, n := range names {
		if len(n) >= len(prefix) && strings.EqualFold(n[:len(prefix)], prefix) {
			found = append(found, n)
		}
	}
	slices.Sort(found)
	return head, slices.Compact(found), tail
}

func isWord(r rune) bool {
	return r == '_' || r >= utf8.RuneSelf || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}
