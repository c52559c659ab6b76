#!/bin/bash
# What the program is made of, and whether anything of it is known to be faulty. Beside `make test`,
# as its lists of faults have to be reached over the net; licences, origins and unwanted crates are
# held by server/tests/stories/supply.rs too, without building cargo-deny.
set -euo pipefail
. "$(dirname "$0")/environment.sh"
. tools/steps.sh
. tools/install.sh

identity_provider=tools/peers/identity_provider
parts="${CARGO_TARGET_DIR:-target}/sbom"

list_the_parts() {
  mkdir -p "$parts"
  node tools/sbom.mjs >"$parts/paydown.cdx.json"
  node tools/sbom-node.mjs end2end >"$parts/end2end.cdx.json"
  node tools/sbom-node.mjs "$identity_provider" >"$parts/identity-provider.cdx.json"
  grep --count '"purl"' "$parts"/*.cdx.json
}

look_for_faults_of_node_packages() {
  npm --prefix end2end audit --package-lock-only
  npm --prefix "$identity_provider" audit --package-lock-only
}

begin audit
step 'install what is missing for building' tools/setup-build.sh
step "the parts of the program into $parts" list_the_parts
step 'install cargo-deny' install_program cargo-deny 0.20.2 cargo-deny --locked
rm -rf .tools/build
step 'licences, unwanted crates, origins' cargo deny check licenses bans sources
step 'known faults of crates' cargo deny check advisories
step 'known faults of Node packages' look_for_faults_of_node_packages
finish 'nothing of it is known to be faulty'
