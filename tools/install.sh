# shellcheck shell=bash
# Source this: the ways in which the set-up scripts install what is missing.

# Install Debian packages, or say which ones are wanted where we may not or cannot.
#   install_packages 'what for' PACKAGE…
install_packages() {
  local reason=$1
  shift
  if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "Missing: $reason. Please install it, then start again." >&2
    echo "On Debian 12, as root: apt-get install $*" >&2
    return 1
  fi
  echo "installing $reason: $*"
  DEBIAN_FRONTEND=noninteractive apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

# Build a Rust program into .tools/, where it disturbs no other project.
#   install_program PROGRAM VERSION ARGUMENT-OF-CARGO-INSTALL…
# Optimising these programs would take longer than they ever run.
install_program() {
  local program=$1 version=$2
  shift 2
  if [ "$("$program" --version 2>/dev/null)" = "$program $version" ]; then
    return
  fi
  echo "building $program $version (some minutes, once)"
  CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off \
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_TARGET_DIR="$PWD/.tools/build" \
    cargo install --quiet --root "$PWD/.tools" --version "$version" "$@"
}

# Make a Python environment of its own, .tools/NAME.
#   python_environment NAME ARGUMENT-OF-PIP-INSTALL…
python_environment() {
  local folder=.tools/$1
  shift
  if ! python3 -c 'import ensurepip' 2>/dev/null; then
    install_packages 'Python and its environments' python3 python3-venv
  fi
  rm -rf "$folder"
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check "$@"
}
