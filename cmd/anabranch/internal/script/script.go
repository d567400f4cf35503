// Package script prepares the text of SQL scripts.
//
// Invariant: expansion keeps line numbers as long as no value has a line break.
package script

import (
	"fmt"
	"strings"
)

// Expand replaces every ${NAME} outside of comments by what lookup finds. Within quotes the quote
// is doubled in values, so that a value can not end the string it stands in.
func Expand(text string, lookup func(name string) (string, bool)) (string, error) {
	if !strings.Contains(text, "${") {
		return text, nil
	}
	var out strings.Builder
	quote := byte(0)
	for i := 0; i < len(text); {
		c := text[i]
		if n := comment(text[i:]); quote == 0 && n > 0 {
			out.WriteString(text[i : i+n])
			i += n
			continue
		}
		if name, n := variable(text[i:]); n > 0 {
			value, ok := lookup(name)
			if !ok {
				return "", fmt.Errorf("line %d: the environment variable %s is not set", 1+strings.Count(text[:i], "\n"), name)
			}
			if quote != 0 {
				value = strings.ReplaceAll(value, string(quote), string([]byte{quote, quote}))
			}
			out.WriteString(value)
			i += n
			continue
		}
		switch {
		case quote == c:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"' || c == '`'):
			quote = c
		}
		out.WriteByte(c)
		i++
	}
	return out.String(), nil
}

// comment is the length of the comment at the start of s, 0 if there is none.
func comment(s string) int {
	switch {
	case strings.HasPrefix(s, "--"):
		if end := strings.IndexByte(s, '\n'); end >= 0 {
			return end
		}
		return len(s)
	case strings.HasPrefix(s, "/*"):
		if end := strings.Index(s, "*/"); end >= 0 {
			return end + 2
		}
		return len(s)
	}
	return 0
}

// variable is the name in the ${NAME} at the start of s and its length in all, 0 if there is none.
func variable(s string) (name string, n int) {
	rest, ok := strings.CutPrefix(s, "${")
	if !ok {
		return "", 0
	}
	end := strings.IndexByte(rest, '}')
	if end <= 0 {
		return "", 0
	}
	for i, c := range []byte(rest[:end]) {
		letter := c == '_' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return "", 0
		}
	}
	return rest[:end], end + 3
}
