#!/bin/bash
# Print the folder of PostgreSQL's own programs (initdb, pg_ctl, pgbench); fail if there is none.
# Debian keeps them off the PATH, one folder a version.
set -euo pipefail
if command -v pg_ctl >/dev/null; then
  dirname "$(readlink -f "$(command -v pg_ctl)")"
else
  find /usr/lib/postgresql -path '*/bin/pg_ctl' -printf '%h\n' 2>/dev/null |
    sort --version-sort | tail -n 1 | grep .
fi
