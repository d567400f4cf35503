package rpc

import "time"

// RestartStrategy decides whether and when a failed job starts again. The strategies and their options
// are Flink's (https://nightlies.apache.org/flink/flink-docs-stable/docs/ops/state/task_failure_recovery/).
type RestartStrategy struct {
	Kind RestartKind `json:"kind"`
	// Attempts is how often a job starts again with FixedDelay; of ExponentialDelay, 0 is no limit.
	Attempts int `json:"attempts,omitempty"`
	// Delay is the time before a start with FixedDelay and FailureRate.
	Delay time.Duration `json:"delay,omitempty"`
	// FailureRate: no start after more than MaxFailures within Interval.
	MaxFailures int           `json:"maxFailures,omitempty"`
	Interval    time.Duration `json:"interval,omitempty"`
	// ExponentialDelay: the delay begins with Initial and grows by Multiplier up to Max; it begins anew
	// after ResetAfter without a failure. Jitter changes it by up to this part of it.
	Initial    time.Duration `json:"initial,omitempty"`
	Max        time.Duration `json:"max,omitempty"`
	ResetAfter time.Duration `json:"resetAfter,omitempty"`
	Multiplier float64       `json:"multiplier,omitempty"`
	Jitter     float64       `json:"jitter,omitempty"`
}

// RestartKind is one of the strategies.
type RestartKind string

// The strategies.
const (
	NoRestart        RestartKind = "none"
	FixedDelay       RestartKind = "fixed-delay"
	FailureRate      RestartKind = "failure-rate"
	ExponentialDelay RestartKind = "exponential-delay"
)

// DefaultRestart is the strategy of jobs with checkpoints.
func DefaultRestart() RestartStrategy {
	return RestartStrategy{
		Kind: ExponentialDelay, Initial: time.Second, Max: time.Minute, ResetAfter: time.Hour, Multiplier: 1.5, Jitter: 0.1,
	}
}
