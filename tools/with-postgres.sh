#!/bin/bash
# Run a command beside a private, throw-away PostgreSQL on a free loopback port, then stop it:
#   PAYDOWN_TEST_POSTGRES     its URL, with the right to create databases
# If the variable is already set, that database is used and nothing is started.
# Without --durable it does not wait for the disk: right for tests, wrong for measurements.
# Usage: tools/with-postgres.sh [--durable] COMMAND [ARGUMENT…]
set -euo pipefail

speed=(-c fsync=off -c synchronous_commit=off -c full_page_writes=off)
if [ "${1:-}" = --durable ]; then
  speed=()
  shift
fi
if [ -n "${PAYDOWN_TEST_POSTGRES:-}" ]; then
  exec "$@"
fi

programs=$("$(dirname "$0")/postgres-programs.sh")
folder=$(mktemp -d)
cluster="$folder/cluster"

as_owner() { # PostgreSQL refuses to run as root
  if [ "$(id -u)" = 0 ]; then
    runuser -u postgres -- "$@"
  else
    "$@"
  fi
}

stop_postgres() {
  if [ -s "$cluster/postmaster.pid" ]; then
    as_owner "$programs/pg_ctl" stop -D "$cluster" -m immediate >/dev/null || true
  fi
  rm -rf "$folder"
}
trap stop_postgres EXIT

free_port() {
  python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])'
}

password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$password" >"$folder/password"
if [ "$(id -u)" = 0 ]; then
  chown -R postgres "$folder"
fi
cd "$folder"
if ! as_owner "$programs/initdb" -D "$cluster" -U paydown --pwfile="$folder/password" \
  --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync >"$folder/initdb.log" 2>&1; then
  cat "$folder/initdb.log" >&2
  exit 1
fi

started=no
for _ in 1 2 3; do # the free port may be taken by somebody else in between
  port=$(free_port)
  if as_owner "$programs/pg_ctl" start -w \
    -t 60 -D "$cluster" -l "$folder/server.log" -o "$(printf '%s ' -p "$port" \
      -c listen_addresses=127.0.0.1 -c unix_socket_directories="$folder" \
      -c max_connections=300 "${speed[@]}")" >/dev/null; then
    started=yes
    break
  fi
done
if [ "$started" = no ]; then
  cat "$folder/server.log" >&2
  exit 1
fi
cd "$OLDPWD"

export PAYDOWN_TEST_POSTGRES="postgres://paydown:$password@127.0.0.1:$port/postgres"
"$@"
