package catalog

// Twice is the first of names that was there before; "" if there is none.
func Twice(names []string) string {
	seen := map[string]bool{}
	for _, n := range names {
		if seen[n] {
			return n
		}
		seen[n] = true
	}
	return ""
}
