#!/usr/bin/env bash
# Fuzzes the readers of every format, coverage-guided, on stable Rust.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'HELP'
Builds the fuzz targets in fuzz/ with LLVM's coverage counters and runs them one after the other with libFuzzer.
A find ends with exit code 1; the input that leads to it is in fuzz/artifacts/TARGET. Needs a C++ compiler.

Usage: scripts/fuzz.sh [--seconds N] [TARGET...]

  --seconds N  for each target; default 600
  TARGET       a file in fuzz/fuzz_targets without .rs; default all

Example
  scripts/fuzz.sh --seconds 60 corpus zip
HELP
}

main() {
  local seconds=600
  case "${1:-}" in
    --help | -h) usage; exit 0 ;;
    --seconds)
      need_value "$1" $#
      need_integer "$1" "$2"
      seconds="$2"
      shift 2
      ;;
    -*) usage_error "unknown option $1" ;;
  esac
  find_target
  cd -- "$SCRIPTS/../fuzz"
  local targets=("$@") target file host
  if [[ $# -eq 0 ]]; then
    for file in fuzz_targets/*.rs; do targets+=("$(basename -- "$file" .rs)"); done
  fi
  for target in "${targets[@]}"; do
    [[ -f "fuzz_targets/$target.rs" ]] || usage_error "there is no target $target in fuzz/fuzz_targets"
  done
  # The counters that libFuzzer reads; stable Rust's LLVM has them too.
  export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"
  # With a target named, build scripts are left as they are.
  host="$(rustc -vV | sed -n 's/^host: //p')"
  cargo build --release --target "$host" --target-dir "$CARGO_TARGET_DIR/fuzz"
  for target in "${targets[@]}"; do
    say "fuzz: $target for $seconds seconds"
    mkdir -p "corpus/$target" "artifacts/$target"
    local seeds=()
    [[ ! -d "seeds/$target" ]] || seeds=("seeds/$target")
    "$CARGO_TARGET_DIR/fuzz/$host/release/$target" "corpus/$target" "${seeds[@]}" -max_total_time="$seconds" \
      -rss_limit_mb=1024 -malloc_limit_mb=512 -timeout=20 -verbosity=0 -print_final_stats=1 \
      -artifact_prefix="artifacts/$target/"
  done
}

main "$@"
