.PHONY: run test check bench prove audit mutants

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

audit: ## List what the program is made of, and look for known faults of it
	@tools/audit.sh

mutants: ## Break the code on purpose, many times, and see which tests notice
	@tools/mutants.sh
