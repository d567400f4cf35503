package columnar

// HashLong is hashLong, for benchmarks against tables, which are in a package above this one.
func HashLong(s []byte) uint64 { return hashLong(s) }

// HashView is hashView.
func HashView(v *View, bufs [][]byte) uint64 { return hashView(v, bufs) }
