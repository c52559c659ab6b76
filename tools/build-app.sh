#!/bin/bash
# Build the app into dist/, which the server's release build takes in. Does nothing when nothing
# changed: Trunk would write every file anew, and the server would be built again for it.
set -euo pipefail
. "$(dirname "$0")/environment.sh"
. tools/wasm-env.sh

fingerprint() {
  {
    rustc --version
    find app receivables style public index.html pay.html desk.html Trunk.toml Cargo.toml Cargo.lock \
      tools/*app*.mjs tools/wasm-env.sh end2end/package-lock.json -type f -print0 |
      sort --zero-terminated | xargs -0 sha256sum
  } | sha256sum
}

built_from=$(fingerprint)
if [ -f dist/desk.html ] && [ "$built_from" = "$(cat .tools/app-built-from 2>/dev/null)" ]; then
  echo 'dist/ is up to date'
  exit
fi
mkdir -p .tools/dist
# A document after the other, in one target folder: only the last crate is built anew for each.
for document in index.html pay.html desk.html; do
  # Trunk takes NO_COLOR=1 for a wrong argument.
  env -u NO_COLOR TRUNK_SKIP_VERSION_CHECK=true \
    trunk build --release --locked \
    --dist ".tools/dist/$document" --html-output "$document" "$document"
done
node tools/pack-app.mjs
printf '%s' "$built_from" >.tools/app-built-from
