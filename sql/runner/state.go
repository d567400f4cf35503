package runner

import (
	"strings"

	"github.com/anabranch/anabranch/state"
)

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
		bytes = limit / 2
	}
	return state.NewBackend(r.session.Setting("io.tmp.dirs"), bytes)
}
