package render

import (
	"regexp"
	"strings"
)

// masked stands where a secret was.
const masked = "****"

// Secret reports whether the value of an option must not be shown.
func Secret(key string) bool {
	key = strings.ToLower(key)
	for _, part := range []string{"password", "secret", "token", "sasl.jaas", "keystore.key"} {
		if strings.Contains(key, part) {
			return true
		}
	}
	return false
}

// Mask hides the secrets in a text: the values of options whose keys say so, written
// 'key' = 'value' as in SQL or "key": "value" as in a plan in JSON.
func Mask(text string) string {
	lower := strings.ToLower(text)
	if !Secret(lower) {
		return text
	}
	option := regexp.MustCompile(`(?i)('[^'\n]*(?:password|secret|token|sasl\.jaas|keystore\.key)[^'\n]*'\s*=\s*)'(?:[^']|'')*'?`)
	text = option.ReplaceAllString(text, "${1}'"+masked+"'")
	field := regexp.MustCompile(`(?i)("[^"\n]*(?:password|secret|token|sasl\.jaas|keystore\.key)[^"\n]*"\s*:\s*)"(?:[^"\\]|\\.)*"`)
	return field.ReplaceAllString(text, `${1}"`+masked+`"`)
}

// MaskRows hides secrets in the result of a statement such as SHOW CREATE TABLE or SET.
func MaskRows(rows [][]string) {
	for _, row := range rows {
		for c, cell := range row {
			if c > 0 && Secret(row[c-1]) && !strings.ContainsAny(row[c-1], " \n") {
				row[c] = masked
				continue
			}
			row[c] = Mask(cell)
		}
	}
}
