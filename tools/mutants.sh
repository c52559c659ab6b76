#!/bin/bash
# Break the code on purpose, one place at a time, and see whether a test notices (P27). Every change
# that cargo-mutants would make is built into one copy of the project, behind a switch of its own
# (tools/mutants), so that each costs a few tests and no build; what no switch can choose is left to
# cargo-mutants itself. What was caught and missed is in target/mutants. Stories run on SQLite.
#   tools/mutants.sh [rules|book] [--missed]      --missed: only what was missed the last time
set -euo pipefail
. "$(dirname "$0")/environment.sh"
. tools/steps.sh
. tools/install.sh

what=${1:-rules}
shift || true
outcome="${CARGO_TARGET_DIR:-$project/target}/mutants/$what"
copy=$outcome/copy
export CARGO_TARGET_DIR="$outcome/build"
unset PAYDOWN_TEST_POSTGRES

# Minutes each, and what they reach others reach too.
left_out=(--skip proof_kills:: --skip proof_simulator::)

case $what in
rules) # money, allocation, giving back, reading amounts
  package=receivables
  files=()
  tests=(--lib --test allocation_cases --test allocation_properties --test give_back
    --test peer_cases --test reading_and_showing_properties)
  # Each of hundreds of mutants meets them.
  export PROPTEST_CASES=64
  ;;
book) # the ledger, posting, and what the gateway tells
  package=server
  files=(--file 'server/src/ledger/**' --file server/src/payments/post.rs
    --file 'server/src/gateway_events/**')
  tests=(--lib --test stories)
  ;;
*)
  echo "Break what, rules or book?" >&2
  exit 2
  ;;
esac

make_copy() {
  rm -rf "$copy"
  mkdir -p "$copy"
  git ls-files -z --cached --others --exclude-standard | tar --null -T - -c | tar -x -C "$copy"
  # A switch may throw away what nobody may throw away.
  sed -i 's/^unused_must_use = "deny"/unused_must_use = "allow"/' "$copy/Cargo.toml"
}

list_mutants() {
  cargo mutants --package "$package" "${files[@]}" --no-shuffle --list --json >"$outcome/list.json"
  cargo build --quiet --locked --manifest-path tools/mutants/Cargo.toml
}

break_one_by_one() {
  nice -n 19 python3 -B tools/mutants/run.py "$package" "$outcome/list.json" "$copy" "$outcome" \
    "$CARGO_TARGET_DIR/debug/places" "$@" -- --profile mutants "${tests[@]}"
}

# Those without a switch, each built by itself.
break_alone() {
  local names=() name
  while IFS= read -r name; do
    names+=(--re "^$(sed 's/[][(){}.*+?^$|\\]/\\&/g' <<<"${name%%    #*}")\$")
  done <"$outcome/inexpressible.txt"
  if [ "${#names[@]}" = 0 ]; then
    return
  fi
  (
    unset CARGO_TARGET_DIR
    nice -n 19 cargo mutants --package "$package" "${files[@]}" --no-shuffle --jobs 1 \
      --output "$outcome" "${names[@]}" -- "${tests[@]}" -- "${left_out[@]}" ||
      [ $? -le 3 ] # 2: some are missed, 3: some hang
  )
}

begin mutants
step 'install what is missing for building' tools/setup-build.sh
step 'install cargo-mutants' install_program cargo-mutants 27.1.0 cargo-mutants --locked
rm -rf .tools/build
mkdir -p "$outcome"
step 'copy the project' make_copy
step 'list the mutants' list_mutants
step "break the $what" break_one_by_one "$@"
step 'break what has no switch' break_alone
finish 'the missed ones are named above'
