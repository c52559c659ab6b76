# shellcheck shell=bash
# Source this before trunk, in a subshell: host builds must not see these variables.
# Where Rust's own wasm target is installed it changes nothing. Else it selects Debian's rustc-web,
# a rustc that carries the sources of its standard library, and has it build that library too.
if [ ! -d "$(rustc --print target-libdir --target wasm32-unknown-unknown)" ]; then
  rustup toolchain list | grep -q '^web\b' || rustup toolchain link web /usr
  export RUSTUP_TOOLCHAIN=web RUSTC_BOOTSTRAP=1
  export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld-22
  export CARGO_UNSTABLE_BUILD_STD=std,panic_abort
  export CARGO_UNSTABLE_BUILD_STD_FEATURES=optimize_for_size
  export CARGO_UNSTABLE_PANIC_IMMEDIATE_ABORT=true
  export CARGO_PROFILE_WASM_RELEASE_PANIC=immediate-abort
fi
