package main

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
)

// parseBytes reads a size such as 4GB, 512MiB or 1g; all units are powers of 1024.
func parseBytes(s string) (int64, error) {
	text := strings.ToLower(strings.TrimSpace(s))
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz ")
	shift := 0
	switch strings.TrimSpace(text[len(digits):]) {
	case "", "b":
	case "k", "kb", "kib":
		shift = 10
	case "m", "mb", "mib":
		shift = 20
	case "g", "gb", "gib":
		shift = 30
	case "t", "tb", "tib":
		shift = 40
	default:
		return 0, fmt.Errorf("%q is no size; want a number and B, KB, MB, GB or TB", s)
	}
	n, err := strconv.ParseFloat(digits, 64)
	bytes := n * float64(int64(1)<<shift)
	if err != nil || n <= 0 || bytes < 1 || bytes >= math.MaxInt64 {
		return 0, fmt.Errorf("%q is no size; want a number and B, KB, MB, GB or TB", s)
	}
	return int64(bytes), nil
}

// defaultMemory is 60 % of what the container or else the machine has; 0 if neither tells.
func defaultMemory() int64 {
	limit := int64(math.MaxInt64)
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 {
			limit = min(limit, n)
		}
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kilobytes int64
		if _, err := fmt.Sscanf(string(text), "MemTotal: %d kB", &kilobytes); err == nil && kilobytes > 0 {
			limit = min(limit, kilobytes<<10)
		}
	}
	if limit == math.MaxInt64 {
		return 0
	}
	return limit / 10 * 6
}
