package session

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/ast"
)

// setting is a key of SET: how its value is checked and what it takes.
type setting struct {
	check func(string) bool
	wants string
	// words says that the values are words, in capitals or not, and kept in small letters.
	words bool
	// idle says why the key changes nothing; Flink's scripts set it all the same.
	idle string
	// now is the key that has taken this one's place.
	now string
}

func (s setting) called(key string) setting {
	s.now = key
	return s
}

func oneOf(values ...string) setting {
	return setting{
		check: func(v string) bool { return slices.Contains(values, strings.ToLower(v)) },
		wants: strings.Join(values, " or "),
		words: true,
	}
}

func anyText() setting { return setting{check: func(string) bool { return true }, wants: "a text"} }

func directory() setting {
	return setting{check: func(v string) bool { return !strings.ContainsAny(v, ",|"+string(os.PathListSeparator)) }, wants: "one directory"}
}

func count() setting {
	return setting{check: func(v string) bool { n, err := strconv.Atoi(v); return err == nil && n >= 0 }, wants: "a number"}
}

// whole is a whole number within limits.
func whole(least, most int) setting {
	return setting{
		check: func(v string) bool { n, err := strconv.Atoi(v); return err == nil && n >= least && n <= most },
		wants: fmt.Sprintf("a whole number from %d to %d", least, most),
	}
}

// number is a number within limits.
func number(least, most float64) setting {
	return setting{
		check: func(v string) bool { x, err := strconv.ParseFloat(v, 64); return err == nil && x >= least && x <= most },
		wants: fmt.Sprintf("a number from %g to %g", least, most),
	}
}

// ParallelismMax bounds the channels of a hash exchange, which are as many as its square.
const ParallelismMax = 512

func boolean() setting { return oneOf("true", "false") }

func duration() setting {
	return setting{check: func(v string) bool { _, ok := catalog.ParseDuration(v); return ok }, wants: "a duration such as '10 s'"}
}

func backend() setting { return oneOf("memory", "pebble", "hashmap", "rocksdb") }

func restartStrategy() setting {
	return oneOf("none", "off", "disable", "fixed-delay", "failure-rate", "exponential-delay")
}

// knownSettings are the keys that SET takes; what runs jobs reads them through Setting.
func knownSettings() map[string]setting {
	known := map[string]setting{
		"execution.runtime-mode":                                           oneOf("batch", "streaming", "automatic"),
		"parallelism.default":                                              whole(1, ParallelismMax),
		"pipeline.name":                                                    anyText(),
		"table.local-time-zone":                                            {check: isZone, wants: "a time zone such as 'Europe/Rome'"},
		"table.optimizer.reuse-source-enabled":                             boolean(),
		"table.optimizer.reuse-sub-plan-enabled":                           boolean(),
		"table.exec.source.idle-timeout":                                   duration(),
		"execution.checkpointing.interval":                                 duration(),
		"execution.checkpointing.dir":                                      anyText(),
		"execution.checkpointing.timeout":                                  duration(),
		"execution.checkpointing.min-pause":                                duration(),
		"execution.checkpointing.num-retained":                             whole(1, 1000),
		"execution.checkpointing.max-concurrent-checkpoints":               oneOf("1"),
		"execution.checkpointing.tolerable-failed-checkpoints":             count(),
		"execution.savepoint.path":                                         anyText().called("execution.state-recovery.path"),
		"execution.state-recovery.path":                                    anyText(),
		"state.backend.type":                                               backend(),
		"io.tmp.dirs":                                                      directory(),
		"state.checkpoints.num-retained":                                   whole(1, 1000).called("execution.checkpointing.num-retained"),
		"state.checkpoints.dir":                                            anyText().called("execution.checkpointing.dir"),
		"table.exec.resource.default-parallelism":                          whole(1, ParallelismMax).called("parallelism.default"),
		"state.backend":                                                    backend().called("state.backend.type"),
		"state.backend.rocksdb.localdir":                                   directory().called("io.tmp.dirs"),
		"restart-strategy":                                                 restartStrategy().called("restart-strategy.type"),
		"restart-strategy.type":                                            restartStrategy(),
		"restart-strategy.fixed-delay.attempts":                            count(),
		"restart-strategy.fixed-delay.delay":                               duration(),
		"restart-strategy.failure-rate.delay":                              duration(),
		"restart-strategy.failure-rate.failure-rate-interval":              duration(),
		"restart-strategy.failure-rate.max-failures-per-interval":          count(),
		"restart-strategy.exponential-delay.initial-backoff":               duration(),
		"restart-strategy.exponential-delay.max-backoff":                   duration(),
		"restart-strategy.exponential-delay.reset-backoff-threshold":       duration(),
		"restart-strategy.exponential-delay.backoff-multiplier":            number(1, 1000),
		"restart-strategy.exponential-delay.jitter-factor":                 number(0, 1),
		"restart-strategy.exponential-delay.attempts-before-reset-backoff": count(),
	}
	addIgnored(known)
	return known
}

func isZone(v string) bool {
	_, err := zone(v)
	return err == nil
}

// offsetZone is a zone of a fixed offset, such as GMT+02:00 or UTC-5.
var offsetZone = regexp.MustCompile(`^(?:GMT|UTC|UT)?([+-])(\d{1,2})(?::?([0-5]\d))?$`)

// zone is the time zone of a name as Java knows it.
func zone(name string) (*time.Location, error) {
	if name == "" || name == "default" {
		return time.UTC, nil
	}
	m := offsetZone.FindStringSubmatch(name)
	if m == nil {
		return time.LoadLocation(name)
	}
	hours, _ := strconv.Atoi(m[2])
	minutes, _ := strconv.Atoi("0" + m[3])
	if hours > 18 {
		return nil, fmt.Errorf("time zone %s is more than 18 hours from UTC", name)
	}
	seconds := (hours*60 + minutes) * 60
	if m[1] == "-" {
		seconds = -seconds
	}
	return time.FixedZone(name, seconds), nil
}

// Setting is the value a key was set to, "" if it was not.
func (s *Session) Setting(key string) string { return s.settings[key] }

// set changes a setting or lists them. The note of its result says that it changes nothing.
func (s *Session) set(st *ast.Set) (*Result, error) {
	if st.Key == "" {
		r := &Result{Columns: []string{"key", "value"}}
		for _, key := range slices.Sorted(maps.Keys(s.settings)) {
			r.Rows = append(r.Rows, []string{key, s.settings[key]})
		}
		return r, nil
	}
	known, err := lookupSetting(st, st.Key)
	if err != nil {
		return nil, err
	}
	if !known.check(st.Value) {
		return nil, ast.Errorf(st, ast.ClassSemantic, "'%s' takes %s, not '%s'", st.Key, known.wants, st.Value)
	}
	value := st.Value
	if known.words {
		value = strings.ToLower(value)
	}
	if known.now != "" {
		s.settings[known.now] = value
		return nil, nil
	}
	s.settings[st.Key] = value
	if known.idle != "" {
		return &Result{Note: "'" + st.Key + "' has no effect: " + known.idle}, nil
	}
	return nil, nil
}

func (s *Session) reset(st *ast.Reset) error {
	if st.Key == "" {
		clear(s.settings)
		return nil
	}
	known, err := lookupSetting(st, st.Key)
	if err != nil {
		return err
	}
	delete(s.settings, st.Key)
	delete(s.settings, known.now)
	return nil
}

func lookupSetting(at ast.Node, key string) (setting, error) {
	known := knownSettings()
	if found, ok := known[key]; ok {
		return found, nil
	}
	for family, found := range known {
		if prefix, ok := strings.CutSuffix(family, "*"); ok && strings.HasPrefix(key, prefix) {
			return found, nil
		}
	}
	e := ast.Errorf(at, ast.ClassSemantic, "unknown setting '%s'", key)
	if near := expr.Nearest(key, slices.Sorted(maps.Keys(known))); near != "" {
		e.Msg += "; did you mean '" + near + "'?"
	}
	return setting{}, e
}
