.PHONY: run test check bench prove

run: ## Install what is missing, build, load demo data, serve on http://127.0.0.1:8080
	@tools/run.sh

test: ## Install what is missing and run every test
	@tools/test.sh

check: ## Format and lints only
	@tools/check.sh

prove: ## Run the proofs of what is promised under faults and races, in full sizes
	@tools/prove.sh

bench: ## Measure sizes, times and throughput
	@tools/bench.sh
