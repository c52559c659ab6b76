#!/bin/bash
# The quick look: format and lints, for every crate, on the host's toolchain.
set -euo pipefail
. "$(dirname "$0")/environment.sh"
. tools/steps.sh

begin check
step 'install what is missing for building' tools/setup-build.sh
step 'format' cargo fmt --all --check
step 'app into dist/' tools/build-app.sh
step 'lints' cargo clippy --workspace --all-targets --locked -- -D warnings
finish 'format and lints are clean'
