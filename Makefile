.PHONY: run test check bench

run: ## Install what is missing, build, load demo data, serve on http://127.0.0.1:8080
	@tools/run.sh

test: ## Install what is missing and run every test
	@tools/test.sh

check: ## Format and lints only
	@tools/check.sh

bench: ## Measure sizes, times and throughput
	@tools/bench.sh
