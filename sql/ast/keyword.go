package ast

import "strings"

// IsReserved reports whether a word, in upper case, is never a name unless quoted.
// The list is short on purpose: scripts name their columns date, value, user, year.
func IsReserved(upper string) bool {
	switch upper {
	case "ALL", "AND", "AS", "BETWEEN", "BY", "CASE", "CROSS", "DISTINCT", "ELSE", "END", "EXCEPT", "EXISTS", "FALSE",
		"FETCH", "FOR", "FROM", "FULL", "GROUP", "HAVING", "IN", "INNER", "INTERSECT", "INTO", "IS", "JOIN", "LEFT",
		"LIKE", "LIMIT", "NATURAL", "NOT", "NULL", "ON", "OR", "ORDER", "RIGHT", "SELECT", "THEN", "TRUE", "UNION",
		"USING", "VALUES", "WHEN", "WHERE", "WITH":
		return true
	}
	return false
}

// EndsName reports whether a word, in upper case, may be a name but not an alias without AS,
// because there it begins the next clause.
func EndsName(upper string) bool {
	switch upper {
	case "ANTI", "ARRAY", "ESCAPE", "ILIKE", "LATERAL", "MATCH_RECOGNIZE", "MINUS", "MULTISET", "OFFSET", "OUTER",
		"OVER", "QUALIFY", "SEMI", "SIMILAR", "TABLESAMPLE", "WINDOW":
		return true
	}
	return IsReserved(upper)
}

// IsBareFunction reports whether a word, in upper case, is a function called without parentheses.
func IsBareFunction(upper string) bool {
	switch upper {
	case "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP":
		return true
	}
	return false
}

// beginsSyntax reports whether a bare word, in upper case, can begin something that is no name in
// one of the places where names stand, so that Format must quote a name spelt like it.
func beginsSyntax(upper string) bool {
	switch upper {
	case "CUBE", "CURRENT", "DESCRIPTOR", "EXTENDED", "GROUPS", "INTERVAL", "MAP", "PARTITION", "PLAN",
		"RANGE", "RECURSIVE", "ROLLUP", "ROW", "ROWS", "TABLE", "UNBOUNDED", "UNKNOWN", "UNNEST":
		return true
	}
	return IsBareFunction(upper)
}

// isSpecialCall reports whether a word, in upper case, followed by a parenthesis is not parsed as
// a plain call: a Call of that name was quoted.
func isSpecialCall(upper string) bool {
	switch upper {
	case "CAST", "CUBE", "DESCRIPTOR", "EXTRACT", "MAP", "ROLLUP", "ROW", "TABLE", "TRIM", "TRY_CAST", "UNKNOWN", "UNNEST":
		return true
	}
	return EndsName(upper)
}

// QuoteIdent writes a name so that it reads back as itself: bare where that is safe, in backticks elsewhere.
func QuoteIdent(name string) string {
	upper := strings.ToUpper(name)
	if isPlainWord(name) && !EndsName(upper) && !beginsSyntax(upper) {
		return name
	}
	return forceQuote(name)
}

func forceQuote(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

// QuoteString writes a string literal.
func QuoteString(value string) string {
	return "'" + strings.ReplaceAll(value, "'", "''") + "'"
}

func isPlainWord(name string) bool {
	for i := range len(name) {
		c := name[i]
		isLetter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !isLetter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}
