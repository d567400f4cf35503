package expr

import "regexp"

// memo keeps what was made of values, such as patterns, which mostly are few; where they become too many, as
// of a column, all are forgotten.
type memo[K comparable, T any] map[K]T

// memoMax is how many are kept.
const memoMax = 1000

func (m memo[K, T]) add(key K, v T) T {
	if len(m) >= memoMax {
		clear(m)
	}
	m[key] = v
	return v
}

// patterns keeps compiled regular expressions by text.
type patterns struct{ memo[string, *regexp.Regexp] }

func (p patterns) get(e *Expr, text string) (*regexp.Regexp, error) {
	if re, ok := p.memo[text]; ok {
		return re, nil
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, rowError(e, "%q is not a regular expression: %s", text, err)
	}
	return p.add(text, re), nil
}
