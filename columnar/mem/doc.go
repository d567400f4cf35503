// Package mem owns the memory of columns: the allocator of their buffers, which recycles large ones, and the
// budget from which operators reserve what they hold.
//
// Invariants:
//   - Buffers hold no pointers, so that the garbage collector never walks data.
//   - The accounts of a Budget hold no more than its limit together, but for what is forced.
package mem
