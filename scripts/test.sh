#!/usr/bin/env bash
# Sets up what is missing and passes all tests.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'HELP'
Sets up what is missing and runs all checks and tests, with the real ONNX Runtime and Anserini.

Usage: scripts/test.sh [ARGUMENT...]

  ARGUMENT  passed on to `cargo test`, for example a part of a test's name; behind --, an
            option of the tests

Example
  scripts/test.sh quantizer
HELP
}

main() {
  case "${1:-}" in
    --help | -h) usage; exit 0 ;;
  esac
  find_target
  cd -- "$SCRIPTS/.."
  need_cache
  check_options "$@"
  scripts/setup.sh
  scripts/setup.sh old-anserini newest-anserini
  if [[ "$(uname -sm)" == "Linux x86_64" ]]; then
    scripts/setup.sh transformers readers cuda-provider
  else
    say "test: skipped the comparison with transformers and with other readers, and what a GPU would be asked to do: what they need is not pinned for $(uname -sm)"
    export SPLADE_EXPORT_TRANSFORMERS='' SPLADE_EXPORT_CUDA_PROVIDER=''
  fi
  eval "$(scripts/setup.sh --print-env)"
  [[ $# -gt 0 ]] || lint
  # The optimized program: the tests encode and index whole collections.
  SPLADE_EXPORT_SCRIPTS="$SCRIPTS" cargo test --locked --release "$@"
}

# Refuses before anything is fetched what `cargo test` would refuse after it.
check_options() {
  local argument known
  known="$(cargo test --help)"
  for argument in "$@"; do
    [[ "$argument" != -- ]] || break
    [[ "$argument" != -* ]] || grep -qw -e "${argument%%=*}" <<<"$known" ||
      usage_error "unknown option '$argument' (cargo test has none of that name)"
  done
  [[ " $* " != *" -- "* ]] || cargo test --locked --release --quiet "$@" --list >/dev/null ||
    usage_error "the tests do not take these options (see above)"
}

lint() {
  local shellcheck
  if ! shellcheck="$(command -v shellcheck)"; then
    scripts/setup.sh shellcheck
    shellcheck="$(piece_file shellcheck)"
  fi
  "$shellcheck" -x scripts/*.sh scripts/bench/*.sh scripts/cluster/*.sh scripts/setup/*.sh scripts/setup/lib/*.sh .ci/run
  if cargo fmt --version >/dev/null 2>&1; then cargo fmt --all --check; else say "test: skipped cargo fmt, which is not installed"; fi
  if cargo clippy --version >/dev/null 2>&1; then
    cargo clippy --locked --release --workspace --all-targets --quiet -- -D warnings
  else
    say "test: skipped cargo clippy, which is not installed"
  fi
  RUSTDOCFLAGS="-D warnings" cargo doc --locked --release --no-deps --quiet
  check_dependencies
}

# Checks the dependencies against deny.toml. Building cargo-deny takes some minutes of CPU time, once per cache folder.
check_dependencies() {
  local version=0.20.2 folder
  folder="$CACHE/cargo-deny-$version"
  if [[ ! -x "$folder/bin/cargo-deny" ]]; then
    say "test: building cargo-deny $version, once"
    cargo install --quiet --locked --root "$folder" --version "$version" cargo-deny ||
      fail "cargo-deny $version could not be built" "see cargo's message above; it needs a crate registry"
  fi
  local deny=("$folder/bin/cargo-deny" --locked --all-features)
  # macOS has no such command.
  local limit=(timeout 120)
  command -v timeout >/dev/null || limit=(env)
  "${deny[@]}" check --hide-inclusion-graph bans licenses sources
  if "${limit[@]}" "${deny[@]}" fetch db >/dev/null 2>&1; then
    "${deny[@]}" --offline check --hide-inclusion-graph advisories
  else
    say "test: skipped the security advisories, their database cannot be fetched from here"
  fi
}

main "$@"
