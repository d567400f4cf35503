package session

// idleSettings are keys of Flink that its scripts set and that change no result here, by key or, with a * at the
// end, by what they begin with. Setting one says why it changes nothing; a value that would change results is
// refused.
func idleSettings() map[string]setting {
	idle := map[string]setting{
		"pipeline.max-parallelism":                   count().without("the number of key groups is fixed"),
		"pipeline.auto-watermark-interval":           duration().without("watermarks go with every batch"),
		"table.dml-sync":                             oneOf("true", "false").without("an INSERT always runs to its end"),
		"table.exec.state.ttl":                       duration().without("state is kept as long as it can matter; bound it by windows or time conditions"),
		"table.exec.mini-batch.enabled":              oneOf("true", "false").without("rows are processed in batches anyway"),
		"table.exec.mini-batch.allow-latency":        duration().without("batches do not wait"),
		"table.exec.mini-batch.size":                 count().without("batches are as large as what has come, up to 8192 rows"),
		"execution.checkpointing.mode":               anyText().without("checkpoints are exactly once"),
		"state.savepoints.dir":                       anyText().without("there are no savepoints"),
		"sql-client.execution.result-mode":           anyText().without("see --output"),
		"sql-client.execution.max-table-result.rows": count().without("results have all their rows"),
		"sql-client.verbose":                         oneOf("true", "false").without("see --log-level"),
		"table.exec.sink.not-null-enforcer":          oneOf("error").without("NULL for a column that is NOT NULL is an error"),
		"table.exec.legacy-cast-behaviour":           oneOf("disabled").without("a cast that fails is an error, or NULL with TRY_CAST"),
		"table.sql-dialect":                          oneOf("default").without("there is one dialect"),
	}
	for why, keys := range map[string][]string{
		"the optimizer decides without it": {
			"table.optimizer.join-reorder-enabled",
			"table.optimizer.bushy-join-reorder-threshold",
			"table.optimizer.agg-phase-strategy",
			"table.optimizer.distinct-agg.split.enabled",
			"table.optimizer.distinct-agg.split.bucket-num",
			"table.optimizer.incremental-agg-enabled",
			"table.optimizer.multiple-input-enabled",
			"table.optimizer.dynamic-filtering.enabled",
			"table.optimizer.reuse-sink-enabled",
			"table.optimizer.reuse-optimize-block-with-digest-enabled",
			"table.optimizer.union-all-as-breakpoint-enabled",
			"table.optimizer.source.predicate-pushdown-enabled",
			"table.optimizer.source.aggregate-pushdown-enabled",
			"table.optimizer.source.report-statistics-enabled",
			"table.optimizer.adaptive-broadcast-join.strategy",
			"table.optimizer.delta-join.strategy",
			"table.optimizer.non-deterministic-update.strategy",
			"table.optimizer.runtime-filter.*",
			"table.optimizer.skewed-join-optimization.*",
		},
		"changes of a key reach a sink in their order":                 {"table.exec.sink.upsert-materialize", "table.exec.sink.keyed-shuffle"},
		"barriers are aligned":                                         {"execution.checkpointing.unaligned", "execution.checkpointing.unaligned.*", "execution.checkpointing.aligned-checkpoint-timeout"},
		"checkpoints hold what has changed":                            {"execution.checkpointing.incremental", "state.backend.incremental"},
		"a job's newest checkpoints stay when it is canceled or fails": {"execution.checkpointing.externalized-checkpoint-retention"},
		"checkpoints are files in 'execution.checkpointing.dir'":       {"execution.checkpointing.storage", "state.checkpoint-storage", "execution.checkpointing.data-inline-threshold", "state.storage.fs.memory-threshold"},
		"state on disk is tuned by --memory alone":                     {"state.backend.rocksdb.*", "state.backend.local-recovery", "execution.state-recovery.from-local"},
		"operators in a row always run in one task":                    {"pipeline.operator-chaining", "pipeline.operator-chaining.enabled"},
		"rows are handed on by columns, without copies":                {"pipeline.object-reuse"},
		"connectors and formats are built in":                          {"pipeline.jars", "pipeline.classpaths"},
		"the job runs in this process; see --memory and --parallelism": {"taskmanager.*", "jobmanager.*", "execution.target", "execution.attached", "execution.shutdown-on-attached-exit", "execution.batch-shuffle-mode"},
	} {
		for _, key := range keys {
			idle[key] = anyText().without(why)
		}
	}
	return idle
}
