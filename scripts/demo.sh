#!/usr/bin/env bash
# The whole way on the fixture collection: encode, index, search, score, explain, report.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'HELP'
Sets up what is missing and runs the main job on the fixture collection, end to end.

Usage: scripts/demo.sh [OUTPUT]

  OUTPUT  the folder for the results (default: out/demo, or demo in the cache where out/demo
          cannot be made); an earlier demo's is replaced

Example
  scripts/demo.sh
HELP
}

step() { printf '\n== %s\n' "$*"; }

# Sets OUTPUT where none is named.
default_output() {
  OUTPUT=out/demo
  { mkdir -p "$OUTPUT" && [[ -w "$OUTPUT" ]]; } 2>/dev/null || OUTPUT="$CACHE/demo"
  rmdir "$OUTPUT" 2>/dev/null || true
}

# What an earlier demo left is replaced, what somebody else put there is not.
make_output() {
  local mark="$OUTPUT/.demo"
  if [[ -e "$OUTPUT" ]]; then
    [[ -e "$mark" ]] || fail "$OUTPUT exists and is not an earlier demo's output" "name another folder: scripts/demo.sh OUTPUT"
    rm -rf -- "$OUTPUT"
  fi
  mkdir -p "$OUTPUT"
  : >"$mark"
}

main() {
  case "${1:-}" in
    --help | -h) usage; exit 0 ;;
    -*) usage_error "unknown option '$1'" ;;
  esac
  [[ $# -le 1 ]] || usage_error "expected at most one path"
  need_cache
  command -v cargo >/dev/null || fail "Rust's cargo was not found" "install Rust first: see rustup"
  if [[ $# -eq 1 ]]; then OUTPUT="$(as_path "$1")"; else default_output; fi
  make_output

  step "Setting up"
  "$SCRIPTS/setup.sh"
  eval "$("$SCRIPTS/setup.sh" --print-env)"
  build_program --bins
  local tool="$RELEASE/splade-export" fixtures
  fixtures="$(cd -- "$SCRIPTS/../fixtures" && pwd)"

  step "Encoding the documents, into a collection and a Lucene index"
  "$tool" documents "$fixtures" --contents --output "$OUTPUT/collection" --index "$OUTPUT/index"

  step "Encoding the topics"
  "$tool" topics "$fixtures" --output "$OUTPUT/topics.tsv"

  step "Searching with Pyserini and scoring"
  "$SCRIPTS/evaluate.sh" --index "$OUTPUT/index" --topics "$OUTPUT/topics.tsv" \
    --qrels "$fixtures/qrels/test.tsv" --run "$OUTPUT/run.txt"

  step "The Portuguese topics alone (the demo model was trained on English)"
  grep -E '^(query-id|q2[345])[[:space:]]' "$fixtures/qrels/test.tsv" >"$OUTPUT/portuguese-qrels.tsv"
  "$SCRIPTS/evaluate.sh" --index "$OUTPUT/index" --topics "$OUTPUT/topics.tsv" \
    --qrels "$OUTPUT/portuguese-qrels.tsv" --run "$OUTPUT/portuguese-run.txt"

  step "The same index by Anserini, for comparison"
  "$SCRIPTS/build_index.sh" "$OUTPUT/collection" "$OUTPUT/anserini-index"
  "$SCRIPTS/evaluate.sh" --index "$OUTPUT/anserini-index" --topics "$OUTPUT/topics.tsv" \
    --qrels "$fixtures/qrels/test.tsv" --run "$OUTPUT/anserini-run.txt" >/dev/null
  cmp "$OUTPUT/run.txt" "$OUTPUT/anserini-run.txt" || fail "the runs on the two indexes differ"
  echo "the runs on both indexes are the same, byte for byte"

  step "Why a document is found that shares no word with its topic"
  printf 'topic q13 "what causes huge storms at sea" finds the document wx-01 (hurricanes, typhoons):\n\n'
  "$tool" explain --top-k 12 "what causes huge storms at sea"

  step "What is in the collection, drawn"
  "$tool" report "$OUTPUT/collection" --index "$OUTPUT/index" --output "$OUTPUT/report.html"

  step "Where everything lies"
  cat <<EOF
collection   $OUTPUT/collection/documents, described by $OUTPUT/collection/manifest.json
topics       $OUTPUT/topics.tsv
index        $OUTPUT/index (Anserini's: $OUTPUT/anserini-index)
run          $OUTPUT/run.txt
report       $OUTPUT/report.html (open it in a browser)

What to try next
  eval "\$($(printf %q "$SCRIPTS/setup.sh") --print-env)"
  $(printf %q "$tool") explain "your own sentence"
  $(printf %q "$tool") documents your-corpus.jsonl --output out/yours
  (your own model: --model and any Hugging Face SPLADE folder)
EOF
}

main "$@"
