package render

import (
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/anabranch/anabranch/sql/ast"
)

// masked stands where a secret was.
const masked = "****"

// Secret reports whether the value of an option must not be shown.
func Secret(key string) bool {
	key = strings.ToLower(key)
	for _, part := range secretWords {
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
	option := regexp.MustCompile(secretKey + `\s*=\s*)'(?:[^']|'')*'?`)
	text = option.ReplaceAllString(text, "${1}'"+masked+"'")
	field := regexp.MustCompile(`(?i)("[^"\n]*` + secretWord + `[^"\n]*"\s*:\s*)"(?:[^"\\]|\\.)*"`)
	return field.ReplaceAllString(text, `${1}"`+masked+`"`)
}

// secretWords are parts of the keys of options that are secret.
var secretWords = []string{"password", "secret", "token", "sasl.jaas", "keystore.key"}

// secretWord is a pattern of such a part, and secretKey the beginning of one of a key.
var (
	secretWord = "(?:" + strings.ReplaceAll(strings.Join(secretWords, "|"), ".", `\.`) + ")"
	secretKey  = `(?i)('[^'\n]*` + secretWord + `[^'\n]*'`
)

// MaskError is Mask of an error's text.
func MaskError(err error) string {
	text := err.Error()
	var at *ast.Error
	if errors.As(err, &at) {
		text = strings.Replace(text, at.Error(), maskedError(at).Error(), 1)
	}
	return Mask(text)
}

// maskedError hides secrets in the line that an error quotes, as the part of it that is shown need not have the
// key; so it does values that are not written as ones, which the error may be about.
func maskedError(e *ast.Error) *ast.Error {
	m := *e
	value := regexp.MustCompile(secretKey + `\s*)(?:=?\s*('(?:[^']|'')*'?|"[^"]*"?|` + "`[^`]*`?" + `)|=\s*([^\s,()';]+))`)
	for _, found := range value.FindAllStringSubmatch(e.Source, -1) {
		secret := strings.Trim(found[2]+found[3], "'\"`")
		if secret == "" {
			continue
		}
		m.Source = strings.Replace(m.Source, secret, strings.Repeat("*", utf8.RuneCountInString(secret)), 1)
		for _, quote := range []string{"'", `"`, "`"} {
			m.Msg = strings.ReplaceAll(m.Msg, quote+secret+quote, quote+masked+quote)
			m.Hint = strings.ReplaceAll(m.Hint, quote+secret+quote, quote+masked+quote)
		}
	}
	return &m
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
