//go:build !linux

package mem

func adviseHuge(from, size uintptr) {}
