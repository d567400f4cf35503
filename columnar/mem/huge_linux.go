package mem

import "syscall"

// adviseHuge asks for huge pages in a range of addresses. It is advice: what fails changes nothing.
func adviseHuge(from, size uintptr) {
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, size, syscall.MADV_HUGEPAGE)
}
