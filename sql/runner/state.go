package runner

import (
	"strings"

	"github.com/anabranch/anabranch/state"
)

// OperatorBytes is the part of a process's memory that its operators may hold: the rest is for batches
// on their way, for readers and writers, and for what is not collected yet. 0 is without limit.
func OperatorBytes(memory int64) int64 { return memory / 4 * 3 }

// unlimitedStateBytes is the memory of state before it goes to disk where nothing limits memory.
const unlimitedStateBytes = 1 << 30

// stateBackend is the tier of state on disk that the settings ask for; nil is none.
func (r *Runner) stateBackend() *state.Backend {
	switch strings.ToLower(r.session.Setting("state.backend.type")) {
	case "pebble", "rocksdb":
	default:
		return nil
	}
	bytes := int64(unlimitedStateBytes)
	if limit := r.opts.Budget.Limit(); limit > 0 {
		bytes = limit / 3 * 2
	}
	return state.NewBackend(r.session.Setting("io.tmp.dirs"), bytes)
}
