#!/usr/bin/env bash
# Builds the Python wheel: the module, the command, and ONNX Runtime with its licenses.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'HELP'
Builds a self-sufficient Python wheel for CPython 3.11 and newer.

Usage: scripts/build_wheel.sh [--native] [--output DIR]

  --native      for this machine alone: quicker, and tied to its version of glibc
                (default: manylinux_2_28, through Zig)
  --output DIR  where the wheel goes (default: ./dist)

Example
  scripts/build_wheel.sh && pip install dist/splade_export-*.whl
HELP
}

main() {
  local native=false output=dist
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --native) native=true ;;
      --output)
        need_value "$1" $#
        output="$2"
        shift
        ;;
      --help | -h) usage; exit 0 ;;
      *) usage_error "unknown option '$1'" ;;
    esac
    shift
  done
  [[ "$output" == /* ]] || output="$PWD/$output"
  find_target
  need_cache
  cd -- "$SCRIPTS/.."
  scripts/setup.sh onnxruntime maturin
  $native || scripts/setup.sh zig
  STAGE="$(mktemp -d)"
  trap 'rm -rf "$STAGE"' EXIT
  local program triple
  triple="$(uname -m)-unknown-linux-gnu"
  if $native; then
    cargo build --locked --release --quiet
    program="$CARGO_TARGET_DIR/release/splade-export"
  else
    PATH="$(dirname "$(piece_file zig)"):$PATH"
    cargo-zigbuild zigbuild --locked --release --quiet --target "$triple.2.28" --bin splade-export
    program="$CARGO_TARGET_DIR/$triple/release/splade-export"
  fi
  stage "$program"
  local how=(--compatibility linux)
  $native || how=(--compatibility manylinux_2_28 --zig)
  (cd "$STAGE" && "$(piece_file maturin)" build --quiet --locked --release "${how[@]}" --out "$output")
}

# stage PROGRAM: lays out the package beside the repository, which may be read-only.
stage() {
  local native="$STAGE/python/splade_export" library project
  cp README.md LICENSE "$STAGE/"
  project="$(<pyproject.toml)"
  # A literal string of TOML, which is ended by an apostrophe alone.
  printf '%s\n' "${project/\"python\/Cargo.toml\"/\'\'\'$PWD\/python\/Cargo.toml\'\'\'}" >"$STAGE/pyproject.toml"
  mkdir -p "$native/bin" "$native/onnxruntime"
  cp python/splade_export/*.py python/splade_export/*.pyi python/splade_export/py.typed "$native/"
  install -m 755 "$1" "$native/bin/splade-export"
  library="$(piece_file onnxruntime)"
  cp -L "$(dirname "$library")/"{LICENSE,ThirdPartyNotices.txt} "$native/onnxruntime/"
  cp -L "$library" "$native/onnxruntime/"
}

main "$@"
