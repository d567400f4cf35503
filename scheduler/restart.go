package scheduler

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/anabranch/anabranch/catalog"
)

const restartPrefix = "restart-strategy."

// restarts are the strategies that settings may choose, as far as they are set.
type restarts struct {
	kind                     string
	fixed, rate, exponential RestartStrategy
}

// settings are where the value of each key goes, the prefix aside; each reports whether it takes a value.
func (r *restarts) settings() map[string]func(value string) bool {
	count := func(to *int) func(string) bool {
		return func(v string) bool {
			n, err := strconv.Atoi(v)
			*to = n
			return err == nil && n >= 0
		}
	}
	duration := func(to *time.Duration) func(string) bool {
		return func(v string) (ok bool) {
			*to, ok = catalog.ParseDuration(v)
			return ok
		}
	}
	number := func(to *float64) func(string) bool {
		return func(v string) bool {
			x, err := strconv.ParseFloat(v, 64)
			*to = x
			return err == nil && x >= 0
		}
	}
	return map[string]func(string) bool{
		"type": func(v string) bool {
			r.kind = strings.ToLower(v)
			return slices.Contains([]string{"none", "off", "disable", "fixed-delay", "failure-rate", "exponential-delay"}, r.kind)
		},
		"fixed-delay.attempts":                            count(&r.fixed.Attempts),
		"fixed-delay.delay":                               duration(&r.fixed.Delay),
		"failure-rate.max-failures-per-interval":          count(&r.rate.MaxFailures),
		"failure-rate.failure-rate-interval":              duration(&r.rate.Interval),
		"failure-rate.delay":                              duration(&r.rate.Delay),
		"exponential-delay.initial-backoff":               duration(&r.exponential.Initial),
		"exponential-delay.max-backoff":                   duration(&r.exponential.Max),
		"exponential-delay.reset-backoff-threshold":       duration(&r.exponential.ResetAfter),
		"exponential-delay.backoff-multiplier":            number(&r.exponential.Multiplier),
		"exponential-delay.jitter-factor":                 number(&r.exponential.Jitter),
		"exponential-delay.attempts-before-reset-backoff": count(&r.exponential.Attempts),
	}
}

func newRestarts() *restarts {
	return &restarts{
		fixed:       RestartStrategy{Kind: FixedDelay, Attempts: 1, Delay: time.Second},
		rate:        RestartStrategy{Kind: FailureRate, MaxFailures: 1, Interval: time.Minute, Delay: time.Second},
		exponential: DefaultRestart(),
	}
}

// RestartKeys are the keys that RestartOf takes, sorted.
func RestartKeys() []string {
	var keys []string
	for key := range newRestarts().settings() {
		keys = append(keys, restartPrefix+key)
	}
	slices.Sort(keys)
	return keys
}

// RestartOf is the strategy that settings of Flink's names, such as restart-strategy.type, ask for; without
// any it is DefaultRestart. An unknown key or a value of another form is refused.
func RestartOf(settings map[string]string) (RestartStrategy, error) {
	r := newRestarts()
	known := r.settings()
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		take, ok := known[strings.TrimPrefix(key, restartPrefix)]
		if !ok || !strings.HasPrefix(key, restartPrefix) {
			return RestartStrategy{}, fmt.Errorf("unknown setting '%s'; there are %s", key, strings.Join(RestartKeys(), ", "))
		}
		if !take(settings[key]) {
			return RestartStrategy{}, fmt.Errorf("'%s' does not take '%s'", key, settings[key])
		}
	}
	switch r.kind {
	case "none", "off", "disable":
		return RestartStrategy{Kind: NoRestart}, nil
	case "fixed-delay":
		return r.fixed, nil
	case "failure-rate":
		return r.rate, nil
	}
	return r.exponential, nil
}
