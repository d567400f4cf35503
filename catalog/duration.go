package catalog

import (
	"strconv"
	"strings"
	"time"
)

// ParseDuration reads "10 s", "5min", "100 ms" and the like; without a unit it is milliseconds.
func ParseDuration(text string) (time.Duration, bool) {
	text = strings.TrimSpace(strings.ToLower(text))
	end := 0
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(text[:end], 10, 64)
	if err != nil {
		return 0, false
	}
	unit := strings.TrimSpace(text[end:])
	units := map[string]time.Duration{
		"": time.Millisecond, "ns": 1, "us": time.Microsecond, "µs": time.Microsecond, "ms": time.Millisecond,
		"s": time.Second, "min": time.Minute, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
	}
	long := map[string]string{"milli": "ms", "millisecond": "ms", "sec": "s", "second": "s", "minute": "min", "hour": "h", "day": "d"}
	if len(unit) > 2 && unit != "min" {
		singular := strings.TrimSuffix(unit, "s")
		if short, ok := long[singular]; ok {
			unit = short
		}
	}
	scale, ok := units[unit]
	if !ok || n > int64(1<<63-1)/int64(scale) {
		return 0, false
	}
	return time.Duration(n) * scale, true
}
