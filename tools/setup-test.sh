#!/bin/bash
# Install what the tests need beyond building: a browser, PostgreSQL and the peers we talk to.
set -euo pipefail
. "$(dirname "$0")/environment.sh"
. tools/install.sh

if ! cargo clippy --version >/dev/null 2>&1 || ! cargo fmt --version >/dev/null 2>&1; then
  rustup component add clippy rustfmt
fi
if [ ! -x /usr/bin/chromium ]; then
  install_packages 'the browser Chromium' chromium
fi
if ! tools/postgres-programs.sh >/dev/null; then
  install_packages 'the database PostgreSQL' postgresql
fi
if ! command -v hledger >/dev/null || ! command -v bean-check >/dev/null; then
  install_packages 'two accounting programs that read our book' hledger beancount
fi
if ! command -v mdb-export >/dev/null; then
  install_packages 'a second reader of Access databases' mdbtools
fi
# Written by Access itself; what tests need of it, tools/peers/access_file.py makes out of it.
if [ ! -s .tools/access/sample.mdb ]; then
  mkdir -p .tools/access
  npm pack node-adodb@5.0.3 --silent --pack-destination .tools/access
  tar -xzf .tools/access/node-adodb-5.0.3.tgz -C .tools/access package/examples/node-adodb.mdb
  echo '6a81cfef5bc61186578222f00bcff65fb0cb5b14dc142f58db5e9d8f5731ddcc' \
    ' .tools/access/package/examples/node-adodb.mdb' | sha256sum --check --quiet
  mv .tools/access/package/examples/node-adodb.mdb .tools/access/sample.mdb
fi
identity_provider=tools/peers/identity_provider
if ! cmp -s $identity_provider/package-lock.json $identity_provider/node_modules/.installed-from
then
  echo 'installing an identity provider for tests'
  (cd $identity_provider && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  cp $identity_provider/package-lock.json $identity_provider/node_modules/.installed-from
fi
if ! cmp -s tools/peers/requirements.txt .tools/peers/installed-from; then
  echo 'installing localstripe, a mail server and writers of spreadsheets for tests'
  python_environment peers --requirement tools/peers/requirements.txt
  cp tools/peers/requirements.txt .tools/peers/installed-from
fi
