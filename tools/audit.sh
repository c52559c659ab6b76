#!/bin/bash
# What the program is made of, and whether anything of it is known to be faulty. `make test` looks
# for the same where the lists of faults can be reached; here they have to be.
set -euo pipefail
. "$(dirname "$0")/environment.sh"
. tools/steps.sh

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
step 'licences, unwanted crates, origins and known faults' tools/deny.sh
step 'known faults of Node packages' look_for_faults_of_node_packages
finish 'nothing of it is known to be faulty'
