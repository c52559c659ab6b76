#!/bin/bash
# Prove what is promised under faults and races, in full sizes, on SQLite and PostgreSQL. Each
# proof prints its size, its seed and what it counted; PAYDOWN_SEED=… draws the same again.
set -euo pipefail
. "$(dirname "$0")/environment.sh"
. tools/steps.sh

export PAYDOWN_PROOF=full
export PAYDOWN_SEED=${PAYDOWN_SEED:-$(date +%s)}

proofs=(cargo test --release --locked --package server --test stories)
told=(proof_ audit:: backup:: crowds:: garbage:: outages:: refunds:: slow_clients:: stopping::
  upgrades::)

begin prove
step 'install what is missing for building' tools/setup-build.sh
step 'install what is missing for testing' tools/setup-test.sh
step 'app into dist/' tools/build-app.sh
step 'build the proofs' "${proofs[@]}" --no-run
step 'a million cases of each rule of allocation' env PROPTEST_CASES=1000000 \
  cargo test --release --locked --package receivables --test allocation_properties
# Four at a time, as in `make test`: they wait for programs they end and for each other's answers
# more than they compute.
step "prove with PAYDOWN_SEED=$PAYDOWN_SEED" tools/with-postgres.sh \
  "${proofs[@]}" -- --nocapture --test-threads=4 "${told[@]}"
# The proofs left theirs in its place, which can be ended at chosen moments.
step 'build the server that is sold' cargo build --release --locked --package server
step 'ask the API everything, at random' tools/api-trials.sh 200
finish 'all proved'
