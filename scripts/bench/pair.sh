#!/usr/bin/env bash
# Measures two builds of splade-export alternately on the same documents and weights.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$SCRIPTS/bench/lib.sh"

usage() {
  cat <<'HELP'
Measures two builds of splade-export alternately: documents/s, core time of body and head per document, peak memory, and how
far the weights agree with those of the first build in fp32. Needs GNU time and the pieces of setup.sh.

Usage: scripts/bench/pair.sh --before PROGRAM --after PROGRAM [OPTION...]

Options
  --corpus FILE      JSON Lines with title and text (default: the fixtures)
  --documents N      documents from its beginning (default: 80)
  --model NAME       demo, distilbert or bert-base (default: bert-base); all but demo have random weights
  --precisions LIST  (default: int8,fp32)
  --repetitions N    (default: 3)
  --threads N        (default: 2)
  --max-length N     tokens per text (default: 256)
  --help             this text

Example
  scripts/bench/pair.sh --before old/splade-export --after target/release/splade-export --documents 80
HELP
}

parse() {
  BEFORE="" AFTER="" CORPUS="$SCRIPTS/../fixtures/corpus.jsonl" DOCUMENTS=80 MODEL=bert-base PRECISIONS=int8,fp32
  REPETITIONS=3 THREADS=2 MAX_LENGTH=256
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --help | -h) usage; exit 0 ;;
      --before | --after | --corpus | --documents | --model | --precisions | --repetitions | --threads | --max-length)
        need_value "$1" $# ;;
      *) usage_error "unknown argument '$1'" ;;
    esac
    case "$1" in
      --before) BEFORE="$2" ;;
      --after) AFTER="$2" ;;
      --corpus) CORPUS="$2" ;;
      --documents) need_integer "$1" "$2"; DOCUMENTS="$2" ;;
      --model) MODEL="$2" ;;
      --precisions) PRECISIONS="$2" ;;
      --repetitions) need_integer "$1" "$2"; REPETITIONS="$2" ;;
      --threads) need_integer "$1" "$2"; THREADS="$2" ;;
      --max-length) need_integer "$1" "$2"; MAX_LENGTH="$2" ;;
    esac
    shift 2
  done
  [[ -x "$BEFORE" && -x "$AFTER" ]] || usage_error "--before and --after take a program each"
  [[ "$MODEL" =~ ^(demo|distilbert|bert-base)$ ]] || usage_error "--model takes demo, distilbert or bert-base, not '$MODEL'"
  [[ "$PRECISIONS" =~ ^(int8|fp32)(,(int8|fp32))*$ ]] || usage_error "--precisions takes int8 and fp32, not '$PRECISIONS'"
  [[ -f "$CORPUS" ]] || fail "$CORPUS: no such file" "name a JSON Lines file with --corpus"
}

# run PROGRAM PRECISION NAME REPETITION: encodes the documents once.
run() {
  local output="$WORK/$3-$2-$4"
  /usr/bin/time -f %M -o "$output.memory" "$1" documents --quiet --model "$MODEL_FOLDER" --precision "$2" --threads "$THREADS" \
    --max-length "$MAX_LENGTH" --step none --compress none --output "$output" --timings "$output.json" "$WORK/corpus.jsonl"
}

main() {
  parse "$@"
  need_cache
  "$SCRIPTS/setup.sh" onnxruntime model
  eval "$("$SCRIPTS/setup.sh" --print-env 2>/dev/null)"
  MODEL_FOLDER="$(piece_folder model)"
  [[ "$MODEL" == demo ]] || {
    made_checkpoint "$MODEL"
    MODEL_FOLDER="$MADE_CHECKPOINT"
  }
  WORK="$(mktemp -d)"
  trap 'rm -rf "$WORK"' EXIT
  head -n "$DOCUMENTS" "$CORPUS" >"$WORK/corpus.jsonl"
  local precision repetition
  for ((repetition = 1; repetition <= REPETITIONS; repetition++)); do
    for precision in ${PRECISIONS//,/ }; do
      run "$BEFORE" "$precision" before "$repetition"
      run "$AFTER" "$precision" after "$repetition"
    done
  done
  [[ ",$PRECISIONS," == *,fp32,* ]] || run "$BEFORE" fp32 before 1
  python3 "$SCRIPTS/bench/pair.py" "$WORK" "$MODEL" "$PRECISIONS" "$REPETITIONS"
}

main "$@"
