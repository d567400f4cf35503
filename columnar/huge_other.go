//go:build !linux

package columnar

func adviseHuge(from, size uintptr) {}
