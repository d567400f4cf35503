package session

import "slices"

// ignored are keys of Flink, or beginnings of keys that end in *, that change nothing here.
type ignored struct {
	why  string // said when one of them is set
	keys map[string]setting
}

// ignoredByPlans are the keys of tables and queries. A value that asks for another result is not among
// those that are taken.
func ignoredByPlans() []ignored {
	return []ignored{
		{"rows are processed in batches anyway", map[string]setting{"table.exec.mini-batch.enabled": boolean()}},
		{"batches do not wait", map[string]setting{"table.exec.mini-batch.allow-latency": duration()}},
		{"batches are as large as what has come, up to 8192 rows", map[string]setting{"table.exec.mini-batch.size": count()}},
		{"state is kept as long as it can matter; bound it by windows or time conditions", map[string]setting{"table.exec.state.ttl": duration()}},
		{"an INSERT always runs to its end", map[string]setting{"table.dml-sync": boolean()}},
		{"a null in a column that is NOT NULL is an error", map[string]setting{"table.exec.sink.not-null-enforcer": oneOf("error")}},
		{"texts are cut to the length of their column", map[string]setting{"table.exec.sink.type-length-enforcer": oneOf("ignore", "trim_pad")}},
		{"a sink keeps the rows of a query if their key is another one", map[string]setting{
			"table.exec.sink.upsert-materialize": oneOf("none", "auto", "force"),
			"table.exec.sink.keyed-shuffle":      oneOf("none", "auto", "force"),
		}},
		{"a cast that fails is an error", map[string]setting{"table.exec.legacy-cast-behaviour": oneOf("disabled")}},
		{"hints are always taken", map[string]setting{"table.dynamic-table-options.enabled": boolean()}},
		{"there is one dialect", map[string]setting{"table.sql-dialect": oneOf("default")}},
		{"the optimizer decides it", map[string]setting{
			"table.optimizer.agg-phase-strategy":                       oneOf("auto", "one_phase", "two_phase"),
			"table.optimizer.distinct-agg.split.enabled":               boolean(),
			"table.optimizer.distinct-agg.split.bucket-num":            count(),
			"table.optimizer.incremental-agg-enabled":                  boolean(),
			"table.optimizer.join-reorder-enabled":                     boolean(),
			"table.optimizer.join.broadcast-threshold":                 anyText(),
			"table.optimizer.multiple-input-enabled":                   boolean(),
			"table.optimizer.non-deterministic-update.strategy":        oneOf("ignore", "try_resolve"),
			"table.optimizer.source.predicate-pushdown-enabled":        boolean(),
			"table.optimizer.source.aggregate-pushdown-enabled":        boolean(),
			"table.exec.rank.topn-cache-size":                          count(),
			"table.exec.simplify-operator-name-enabled":                boolean(),
			"table.optimizer.union-all-as-breakpoint-enabled":          boolean(),
			"table.optimizer.reuse-optimize-block-with-digest-enabled": boolean(),
		}},
		{"see --output", map[string]setting{
			"sql-client.execution.result-mode":    anyText(),
			"sql-client.display.max-column-width": count(),
			"sql-client.display.color-schema":     anyText(),
			"sql-client.display.print-time-cost":  boolean(),
			"table.display.max-column-width":      count(),
		}},
		{"results have all their rows", map[string]setting{"sql-client.execution.max-table-result.rows": count()}},
		{"see --log-level", map[string]setting{"sql-client.verbose": boolean()}},
	}
}

// ignoredByJobs are the keys of jobs, their checkpoints and their cluster.
func ignoredByJobs() []ignored {
	return []ignored{
		{"the number of key groups is fixed", map[string]setting{"pipeline.max-parallelism": count()}},
		{"watermarks go with every batch", map[string]setting{"pipeline.auto-watermark-interval": duration()}},
		{"operators joined by forward edges are one task, and rows are not copied between them", map[string]setting{
			"pipeline.operator-chaining":         boolean(),
			"pipeline.operator-chaining.enabled": boolean(),
			"pipeline.object-reuse":              boolean(),
		}},
		{"functions are written in Go and compiled in", map[string]setting{"pipeline.jars": anyText(), "pipeline.classpaths": anyText()}},
		{"checkpoints are exactly once", map[string]setting{"execution.checkpointing.mode": oneOf("exactly_once", "at_least_once")}},
		{"barriers are aligned", map[string]setting{
			"execution.checkpointing.unaligned":                  boolean(),
			"execution.checkpointing.unaligned.enabled":          boolean(),
			"execution.checkpointing.aligned-checkpoint-timeout": duration(),
		}},
		{"a checkpoint always refers to the files of older ones", map[string]setting{
			"execution.checkpointing.incremental": boolean(),
			"state.backend.incremental":           boolean(),
		}},
		{"a job that is canceled or fails keeps its checkpoints", map[string]setting{
			"execution.checkpointing.externalized-checkpoint-retention": oneOf("retain_on_cancellation", "delete_on_cancellation", "no_externalized_checkpoints"),
		}},
		{"checkpoints lie in execution.checkpointing.dir", map[string]setting{
			"execution.checkpointing.storage": anyText(),
			"state.checkpoint-storage":        anyText(),
		}},
		{"tasks that have ended count as done", map[string]setting{
			"execution.checkpointing.checkpoints-after-tasks-finish":         boolean(),
			"execution.checkpointing.checkpoints-after-tasks-finish.enabled": boolean(),
		}},
		{"there are no savepoints", map[string]setting{
			"execution.checkpointing.savepoint-dir": anyText(),
			"state.savepoints.dir":                  anyText(),
		}},
		{"jobs run in this process", map[string]setting{
			"execution.target":   anyText(),
			"execution.attached": boolean(),
			"rest.address":       anyText(),
			"rest.port":          anyText(),
		}},
		{"see --memory and --parallelism", map[string]setting{"jobmanager.*": anyText(), "taskmanager.*": anyText()}},
		{"--memory is all that tunes state on disk", map[string]setting{"state.backend.rocksdb.*": anyText()}},
	}
}

// addIgnored adds the keys that scripts of Flink set and that change nothing.
func addIgnored(known map[string]setting) {
	for _, group := range slices.Concat(ignoredByPlans(), ignoredByJobs()) {
		for key, takes := range group.keys {
			takes.idle = group.why
			known[key] = takes
		}
	}
}
