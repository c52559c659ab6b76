# shellcheck shell=bash
# Source this: where things are, for every script in this folder. Expects bash.
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$project" || exit
# The project's own tools come first; whatever the user has installed is neither used nor changed.
export PATH="$project/.tools/bin:$project/end2end/node_modules/.bin:$PATH"
# Named like what tests say to each other, as the server takes other PAYDOWN_… for settings.
export PAYDOWN_TEST_BINARY="${CARGO_TARGET_DIR:-$project/target}/release/paydown"
