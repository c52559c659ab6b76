#!/bin/bash
# Measure; nothing here passes or fails by a time. The database waits for the disk, as in earnest.
set -euo pipefail
. "$(dirname "$0")/environment.sh"
. tools/steps.sh

begin bench
step 'install what is missing for building' tools/setup-build.sh
step 'install what is missing for testing' tools/setup-test.sh
step 'app into dist/' tools/build-app.sh
step 'build the server and what measures it' \
  cargo build --release --locked --package server --package throughput
step 'measure' tools/with-postgres.sh --durable node end2end/bench.mjs
finish 'all measured'
