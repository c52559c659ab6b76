#!/bin/bash
# Break the code on purpose, one place at a time, and see whether a test notices (P27). Hours: each
# place is built and tested by itself. What was caught and missed is in target/mutants.
#   tools/mutants.sh [rules|book] ARGUMENT-OF-CARGO-MUTANTS…      such as --shard 0/8
set -euo pipefail
. "$(dirname "$0")/environment.sh"
. tools/steps.sh
. tools/install.sh

what=${1:-rules}
shift || true
outcome_in="${CARGO_TARGET_DIR:-$project/target}/mutants/$what"
# The copy that is broken is built apart.
unset CARGO_TARGET_DIR

break_rules() { # money, allocation, giving back, reading amounts
  nice -n 19 cargo mutants --package receivables --no-shuffle --jobs 1 --output "$outcome_in" \
    "$@" -- --lib --test allocation_cases --test allocation_properties --test give_back \
    --test peer_cases --test reading_and_showing_properties
}

break_book() { # the ledger, posting, and what the gateway tells
  nice -n 19 cargo mutants --package server --no-shuffle --jobs 1 --output "$outcome_in" \
    --file 'server/src/ledger/**' --file server/src/payments/post.rs \
    --file 'server/src/gateway_events/**' "$@" -- --lib \
    --test payments --test payments_review --test book --test check --test check_money_back \
    --test audit --test export --test work_list --test external_money --test refunds \
    --test disputes --test proof_events
}

begin mutants
step 'install what is missing for building' tools/setup-build.sh
step 'install cargo-mutants' install_program cargo-mutants 27.1.0 cargo-mutants --locked
rm -rf .tools/build
mkdir -p "$outcome_in"
step "break the $what" "break_$what" "$@"
finish 'every one was noticed'
