#!/bin/bash
# Run a command beside the peers our tests talk to, then stop them:
#   PAYDOWN_TEST_LOCALSTRIPE  http://127.0.0.1:PORT of a Stripe stand-in (localstripe)
#   PAYDOWN_TEST_SMTP         127.0.0.1:PORT of a mail server that delivers to nobody
#   PAYDOWN_TEST_IDENTITY_PROVIDER  http://localhost:PORT of an OpenID Connect provider
#   PAYDOWN_TEST_SMTP_DIR     the folder in which it puts each message as an .eml file
# Usage: tools/with-peers.sh COMMAND [ARGUMENT…]
set -euo pipefail
tools=$(cd "$(dirname "$0")" && pwd)
python="$tools/../.tools/peers/bin/python"

if [ ! -x "$python" ]; then
  echo 'The peers are not installed: run tools/setup-test.sh first.' >&2
  exit 1
fi

folder=$(mktemp -d)
running=()
stop_peers() {
  kill "${running[@]}" 2>/dev/null || true
  wait "${running[@]}" 2>/dev/null || true
  rm -rf "$folder"
}
trap stop_peers EXIT

start_peer() { # NAME [ARGUMENT…]: start tools/peers/NAME.py; its address appears in $folder/NAME
  local name=$1
  shift
  "$python" "$tools/peers/$name.py" "$folder/$name" "$@" >"$folder/$name.log" 2>&1 &
  running+=($!)
}

address_of() { # NAME: wait until the peer listens, at most 30 s, and print its address
  for _ in $(seq 300); do
    if [ -s "$folder/$1" ]; then
      cat "$folder/$1"
      return
    fi
    sleep 0.1
  done
  echo "$1 did not start:" >&2
  cat "$folder/$1.log" >&2
  return 1
}

mkdir "$folder/mail"
start_peer localstripe_on_loopback
start_peer mail_sink "$folder/mail"
node "$tools/peers/identity_provider/serve.mjs" "$folder/identity_provider" \
  >"$folder/identity_provider.log" 2>&1 &
running+=($!)
address=$(address_of localstripe_on_loopback)
export PAYDOWN_TEST_LOCALSTRIPE="http://$address"
PAYDOWN_TEST_SMTP=$(address_of mail_sink)
export PAYDOWN_TEST_SMTP
address=$(address_of identity_provider)
export PAYDOWN_TEST_IDENTITY_PROVIDER="http://$address"
export PAYDOWN_TEST_SMTP_DIR="$folder/mail"

"$@"
