#!/bin/bash
# Everything a change must pass. Fails at the first step that does.
set -euo pipefail
. "$(dirname "$0")/environment.sh"
. tools/steps.sh

on_both_databases_beside_the_peers() {
  tools/with-postgres.sh tools/with-peers.sh "$@"
}

# Lints while it builds: what cargo clippy does, without going through all the dependencies twice.
linted() {
  RUSTC_WORKSPACE_WRAPPER=clippy-driver CLIPPY_ARGS='-Dwarnings__CLIPPY_HACKERY__' "$@"
}

# Stories wait for programs they end, for databases and for each other.
export RUST_TEST_THREADS=4

begin test
step 'install what is missing for building' tools/setup-build.sh
step 'install what is missing for testing' tools/setup-test.sh
step 'format' cargo fmt --all --check
step 'licences, unwanted crates, origins and known faults' tools/deny.sh --offline-too
step 'app into dist/' tools/build-app.sh
step 'lints, and build the tests' linted cargo test --workspace --locked --no-run
step 'unit, property and database tests' \
  linted on_both_databases_beside_the_peers cargo test --workspace --locked
step 'the same money in the browser as on the server' tools/wasm-parity.sh
step 'build the server' cargo build --release --locked --package server
step 'nothing of the tests is in the program that is sold' tools/as-sold.sh
step 'every route asked as every kind of caller' tools/api-trials.sh 1
step 'end to end' on_both_databases_beside_the_peers node end2end/run.mjs
step 'end to end on PostgreSQL: the main job' \
  tools/with-postgres.sh node end2end/run.mjs --on postgres main_job never_twice outcomes
finish 'everything passed'
