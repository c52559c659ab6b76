#!/bin/bash
# Whether the program that is sold is without the moments at which the proofs end a program
# (server/src/failpoints.rs), which only the tests' own build may have.
set -euo pipefail
. "$(dirname "$0")/environment.sh"

tests_program=$(dirname "$PAYDOWN_TEST_BINARY")/../debug/paydown
can_be_ended() {
  grep --quiet --text PAYDOWN_TEST_FAILPOINT "$1"
}
if ! can_be_ended "$tests_program"; then
  echo "Not even the tests' program can be ended: this looks for the wrong thing." >&2
  exit 1
fi
if can_be_ended "$PAYDOWN_TEST_BINARY"; then
  echo 'The program that is sold can be ended at chosen moments: it was built with the feature' >&2
  echo 'failpoints.' >&2
  exit 1
fi
