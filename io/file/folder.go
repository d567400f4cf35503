package file

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Names of folders are those of Hive: key=value, with characters that file systems or globs know
// written as % and two hexadecimal digits.

// escaped are the characters that Hive and Flink escape, beside control characters.
const escaped = "\"#%'*/:=?\\\x7f{[]^"

// escapeFolder is a key or a value as a part of a folder's name.
func escapeFolder(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < ' ' || strings.IndexByte(escaped, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// unescapeFolder is what escapeFolder was given. A % that begins no escape stands for itself.
func unescapeFolder(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			high, low := strings.IndexByte(hexDigits, s[i+1]), strings.IndexByte(hexDigits, s[i+2])
			if high >= 0 && low >= 0 {
				b = append(b, byte(high&15<<4|low&15))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// hexDigits has the digits' values in the lowest four bits of their positions.
const hexDigits = "0123456789abcdef0123456789ABCDEF"

// folder is a key with its value, as text, of a folder above a file.
type folder struct{ key, value string }

// foldersOf are the folders key=value above a file, from the outermost.
func foldersOf(path string) []folder {
	var all []folder
	parts := strings.Split(filepath.ToSlash(path), "/")
	for _, part := range parts[:len(parts)-1] {
		if key, value, ok := strings.Cut(part, "="); ok && key != "" {
			all = append(all, folder{unescapeFolder(key), unescapeFolder(value)})
		}
	}
	return all
}
