#!/bin/bash
# From a clone to a portal one can sign in to, with demo data and without any account at a gateway.
set -euo pipefail
. "$(dirname "$0")/environment.sh"
. tools/steps.sh

address=127.0.0.1:8080
# Demo data may be loaded, and mail is read on a page instead of in a mailbox.
export PAYDOWN_DEMO=true
# So that the demo's clerk may do something alone.
export PAYDOWN_STAFF__CLERKS_LIMIT=${PAYDOWN_STAFF__CLERKS_LIMIT:-10000}

answers() {
  (exec 3<>"/dev/tcp/${address/://}") 2>/dev/null
}

serve() { # start the server in the background and wait until it answers, at most 30 s
  if answers; then
    echo "Another program listens on $address already; please stop it first." >&2
    return 1
  fi
  "$PAYDOWN_TEST_BINARY" serve &
  server=$!
  trap 'kill "$server" 2>/dev/null; wait "$server"; exit' INT TERM
  for _ in $(seq 150); do
    if ! kill -0 "$server" 2>/dev/null; then
      echo 'The server ended at once.' >&2
      return 1
    fi
    answers && return
    sleep 0.2
  done
  kill "$server"
  return 1
}

begin run
step 'install what is missing' tools/setup-build.sh
step 'app into dist/' tools/build-app.sh
step 'build the server' cargo build --release --locked --package server
step 'create the database and load demo data' "$PAYDOWN_TEST_BINARY" demo
step 'start the server' serve
finish "Paydown is at http://$address; Ctrl-C stops it"
trap - EXIT
say_how_it_went
wait "$server"
