# shellcheck shell=bash
# Source this before trunk, in a subshell: host builds must not see these variables.
# Where Debian's rustc-web is installed it is taken: it carries the sources of its standard library,
# and a library built with the app, for size and without texts for panics nobody would read, makes
# the first page about a tenth lighter; so does code without places of panics and without texts for
# programmers. Else Rust's own wasm target builds the same app.
if [ -x /usr/bin/wasm-ld-22 ] && [ -d /usr/lib/rustlib/src/rust/library ]; then
  rustup toolchain list | grep -q '^web\b' || rustup toolchain link web /usr
  export RUSTUP_TOOLCHAIN=web RUSTC_BOOTSTRAP=1
  export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld-22
  export CARGO_UNSTABLE_BUILD_STD=std,panic_abort
  export CARGO_UNSTABLE_BUILD_STD_FEATURES=optimize_for_size
  export CARGO_UNSTABLE_PANIC_IMMEDIATE_ABORT=true
  export CARGO_PROFILE_WASM_RELEASE_PANIC=immediate-abort
  export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS='-Zlocation-detail=none -Zfmt-debug=none'
fi
