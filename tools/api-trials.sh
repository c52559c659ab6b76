#!/bin/bash
# Ask the real program everything its API document allows and forbids, as nobody, payer, viewer,
# each role of staff and a program (Schemathesis): no fault of ours, and no answer the document does
# not know.
# Usage: tools/api-trials.sh [EXAMPLES-FOR-EACH-OPERATION]
set -euo pipefail
. "$(dirname "$0")/environment.sh"
. tools/install.sh

examples=${1:-8}
program=$PAYDOWN_TEST_BINARY
if ! cmp -s tools/api-trials/requirements.txt .tools/api-trials/installed-from; then
  echo 'installing Schemathesis'
  python_environment api-trials --requirement tools/api-trials/requirements.txt
  cp tools/api-trials/requirements.txt .tools/api-trials/installed-from
fi
exec .tools/api-trials/bin/python tools/api-trials/trials.py "$program" "$examples"
