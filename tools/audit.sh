#!/bin/bash
# What the program is made of, and whether anything of it is known to be faulty. Beside `make test`,
# as cargo-deny takes minutes to build and its list of faults has to be reached over the net.
set -euo pipefail
. "$(dirname "$0")/environment.sh"
. tools/steps.sh
. tools/install.sh

parts="${CARGO_TARGET_DIR:-target}/sbom"

list_the_parts() {
  mkdir -p "$parts"
  node tools/sbom.mjs >"$parts/paydown.cdx.json"
  grep --count '"purl"' "$parts/paydown.cdx.json" | sed 's/$/ crates are in the list/'
}

begin audit
step 'install what is missing for building' tools/setup-build.sh
step "the parts of the program into $parts" list_the_parts
step 'install cargo-deny' install_program cargo-deny 0.20.2 cargo-deny --locked
rm -rf .tools/build
step 'licences, unwanted crates, origins' cargo deny check licenses bans sources
step 'known faults of crates' cargo deny check advisories
step 'known faults of Node packages' npm --prefix end2end audit --package-lock-only
finish 'nothing of it is known to be faulty'
