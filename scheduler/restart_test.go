package scheduler

import (
	"strings"
	"testing"
	"time"
)

func TestRestartOf(t *testing.T) {
	for _, c := range []struct {
		settings map[string]string
		want     RestartStrategy
	}{
		{nil, DefaultRestart()},
		{map[string]string{"restart-strategy.type": "off"}, RestartStrategy{Kind: NoRestart}},
		{map[string]string{"restart-strategy.type": "fixed-delay"}, RestartStrategy{Kind: FixedDelay, Attempts: 1, Delay: time.Second}},
		{
			map[string]string{"restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.attempts": "7", "restart-strategy.fixed-delay.delay": "20 ms"},
			RestartStrategy{Kind: FixedDelay, Attempts: 7, Delay: 20 * time.Millisecond},
		},
		{
			map[string]string{"restart-strategy.type": "Failure-Rate", "restart-strategy.failure-rate.failure-rate-interval": "1 h"},
			RestartStrategy{Kind: FailureRate, MaxFailures: 1, Interval: time.Hour, Delay: time.Second},
		},
	} {
		if got, err := RestartOf(c.settings); got != c.want || err != nil {
			t.Errorf("%v: %+v, %v; want %+v", c.settings, got, err, c.want)
		}
	}
	got, err := RestartOf(map[string]string{"restart-strategy.exponential-delay.backoff-multiplier": "3", "restart-strategy.exponential-delay.max-backoff": "5 s"})
	if want := DefaultRestart(); err != nil || got.Multiplier != 3 || got.Max != 5*time.Second || got.Initial != want.Initial {
		t.Errorf("%+v, %v", got, err)
	}
	for key, value := range map[string]string{
		"restart-strategy.type": "sometimes", "restart-strategy.fixed-delay.attempts": "-1", "restart-strategy.fixed-delay.delay": "soon",
		"restart-strategy.exponential-delay.jitter-factor": "x", "restart-strategy.fixed-delay.tries": "1", "type": "off",
	} {
		if s, err := RestartOf(map[string]string{key: value}); err == nil || !strings.Contains(err.Error(), "'"+key+"'") {
			t.Errorf("%s = %s: %+v, %v", key, value, s, err)
		}
	}
}
