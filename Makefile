.PHONY: help check test race lint sim random fuzz bench large nightly

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

check: ## what every change must pass
	.ci/run

test: ## unit and data-driven tests
	go test ./...

race: ## the same under the race detector with all assertions
	go test -race -tags invariants -timeout 60m ./...

lint: ## linters
	golangci-lint run ./...

sim: ## clusters under the simulation, many seeds
	go test ./test/sim -seeds 20000 -timeout 60m

random: ## random queries run in all ways and in DuckDB, others each day
	go test ./test/sql -run TestRandom -queries 10000 -seed $$(date +%Y%m%d) -timeout 60m
	go test ./test/sql -run TestStatementSetsEnd -queries 1000 -timeout 60m
	cd test/peer && go test -run TestRandom -queries 50000 -seed $$(date +%Y%m%d) -timeout 60m

fuzz: ## one minute for each fuzz target
	@for pkg in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
		for f in $$(grep -ho '^func Fuzz[A-Za-z]*' $$pkg/*_test.go | sed 's/func //'); do \
			echo "$$pkg $$f"; go test $$pkg -run '^$$' -fuzz "^$$f$$" -fuzztime 60s -fuzzminimizetime 10x || exit 1; done; done

bench: ## benchmarks of the kernels, formats and the runtime
	go test -run '^$$' -bench . ./columnar/... ./expr/... ./format/... ./io/... ./scheduler

large: ## TPC-H at a scale of 10 with little memory, 10 GB of keyed state on disk
	test/large/tpch.sh 10
	go run ./cmd/anabranch bench state --keys 100000000 --backends pebble --share 0.2 --seconds 60

nightly: race sim random fuzz bench large ## all of the above
