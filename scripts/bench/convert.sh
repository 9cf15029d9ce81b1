#!/usr/bin/env bash
# Measures `convert` from float weights: a dataset's documents, encoded once and repeated under new docids.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"

usage() {
  cat <<'HELP'
Encodes a dataset into float weights, repeats its documents under new docids, and converts them into a
collection, an index, and both. Prints documents a second, times and the peak of memory.

Usage: scripts/bench/convert.sh DATASET [OPTION...]

  DATASET         a BEIR dataset, such as SciFact's folder

Options
  --documents N   documents that are converted (default: 200000, about 5 KB each)
  --repeat N      how often each conversion is measured (default: 3)
  --threads N     threads of a conversion (default: the cores)
  --output DIR    folder for everything (default: out/bench-convert); an earlier one is replaced
  --help          this text

The files in DIR/raw are what was measured, as it was printed. Needs a Rust toolchain and
`scripts/setup.sh onnxruntime model`.

Example
  scripts/bench/convert.sh scifact
HELP
}

parse_arguments() {
  local positional=()
  DOCUMENTS=200000 REPEAT=3 THREADS="$(cores)" OUTPUT=out/bench-convert
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --help | -h) usage; exit 0 ;;
      --documents) need_value "$1" $#; need_integer "$1" "$2"; DOCUMENTS="$2"; shift ;;
      --repeat) need_value "$1" $#; need_integer "$1" "$2"; REPEAT="$2"; shift ;;
      --threads) need_value "$1" $#; need_integer "$1" "$2"; THREADS="$2"; shift ;;
      --output) need_value "$1" $#; OUTPUT="${2%/}"; shift ;;
      -*) usage_error "unknown option '$1'" ;;
      *) positional+=("$1") ;;
    esac
    shift
  done
  [[ ${#positional[@]} -eq 1 ]] || usage_error "expected one DATASET, got ${#positional[@]}"
  DATASET="$(as_path "${positional[0]}")"
  [[ -e "$DATASET" ]] || fail "there is no $DATASET" "name a BEIR dataset"
}

make_output() {
  local mark="$OUTPUT/.bench-convert"
  if [[ -e "$OUTPUT" ]]; then
    [[ -e "$mark" ]] || fail "$OUTPUT exists and is not an earlier benchmark's output" "name another: --output DIR"
    rm -rf -- "$OUTPUT"
  fi
  mkdir -p "$OUTPUT/raw"
  : >"$mark"
}

# measure NAME INPUT ARGUMENT...: converts into OUTPUT/made, each time anew; a line of raw/NAME.time for each.
measure() {
  local name="$1" input="$2" i
  shift 2
  for ((i = 0; i < REPEAT; i++)); do
    rm -rf -- "$OUTPUT/made"
    "$PYTHON_ANY" -B "$SCRIPTS/bench/measure.py" "$OUTPUT/raw/time" "$RELEASE/splade-export" convert "$OUTPUT/$input" \
      --step 0.01 --threads "$THREADS" --quiet "$@" || fail "$name failed"
    cat "$OUTPUT/raw/time" >>"$OUTPUT/raw/$name.time"
  done
  rm -rf -- "$OUTPUT/made" "$OUTPUT/raw/time"
}

# A row: the median of the wall times, with its processor time, and the largest peak.
row() {
  sort -n -k3 "$OUTPUT/raw/$1.time" | awk -v name="$1" -v documents="$DOCUMENTS" '
    { cpu[NR] = $1 + $2; wall[NR] = $3; if ($4 > peak) peak = $4 }
    END {
      middle = int((NR + 1) / 2)
      printf "%-18s %12.0f %9.2f %9.2f %9.0f\n", name, documents / wall[middle], wall[middle], cpu[middle], peak / 1000
    }'
}

report() {
  printf '%d documents, %d threads, the median of %d\n\n' "$DOCUMENTS" "$THREADS" "$REPEAT"
  printf '%-18s %12s %9s %9s %9s\n' "" "documents/s" "wall, s" "CPU, s" "peak, MB"
  local name
  for name in collection index both gzip-collection gzip-both; do row "$name"; done
}

main() {
  parse_arguments "$@"
  need_cache
  find_any_python
  make_output
  build_program --bins
  eval "$("$SCRIPTS/setup.sh" --print-env)"
  say "encoding $DATASET"
  "$RELEASE/splade-export" documents "$DATASET" --step none --max-length 256 --quiet --output "$OUTPUT/weights"
  say "repeating its documents"
  "$PYTHON_ANY" -B "$SCRIPTS/bench/repeat_collection.py" "$OUTPUT/weights" "$OUTPUT/plain" "$DOCUMENTS" 10000 none
  "$PYTHON_ANY" -B "$SCRIPTS/bench/repeat_collection.py" "$OUTPUT/weights" "$OUTPUT/gzip" "$DOCUMENTS" 10000 gzip
  say "converting"
  measure collection plain --compress none --output "$OUTPUT/made/collection"
  measure index plain --index "$OUTPUT/made/index"
  measure both plain --compress none --output "$OUTPUT/made/collection" --index "$OUTPUT/made/index"
  measure gzip-collection gzip --output "$OUTPUT/made/collection"
  measure gzip-both gzip --output "$OUTPUT/made/collection" --index "$OUTPUT/made/index"
  report | tee "$OUTPUT/raw/report.txt"
}

main "$@"
