package columnar

import "time"

// InstantOf is the second since 1970 at which clocks in loc show a local second. One that they show twice is
// the first of the two; one that they skip is counted on from before the change, as java.time does.
func InstantOf(local int64, loc *time.Location) int64 {
	if loc == nil || loc == time.UTC {
		return local
	}
	const day = 86400
	before, after := offsetAt(local-day, loc), offsetAt(local+day, loc)
	if before != after && offsetAt(local-before, loc) != before && offsetAt(local-after, loc) == after {
		return local - after
	}
	return local - before
}

func offsetAt(second int64, loc *time.Location) int64 {
	_, offset := time.Unix(second, 0).In(loc).Zone()
	return int64(offset)
}
