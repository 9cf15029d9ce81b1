#!/usr/bin/env bash
# The whole way on the fixture collection: encode, index, search, score, explain.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'HELP'
Sets up what is missing and runs the main job on the fixture collection, end to end.

Usage: scripts/demo.sh [OUTPUT]

  OUTPUT  the folder for the results (default: out/demo); an earlier demo's is replaced

Example
  scripts/demo.sh
HELP
}

step() { printf '\n== %s\n' "$*"; }

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
  cd -- "$SCRIPTS/.."
  OUTPUT="${1:-out/demo}"
  make_output

  step "Setting up"
  scripts/setup.sh
  eval "$(scripts/setup.sh --print-env)"
  command -v cargo >/dev/null || fail "Rust's cargo was not found" "install Rust first: see rustup"
  cargo build --release --locked --quiet
  local tool=target/release/splade-export

  step "Encoding the documents, into a collection and a Lucene index"
  "$tool" documents fixtures --output "$OUTPUT/collection" --index "$OUTPUT/index"

  step "Encoding the topics"
  "$tool" topics fixtures --output "$OUTPUT/topics.tsv"

  step "Searching with Pyserini and scoring"
  scripts/evaluate.sh --index "$OUTPUT/index" --topics "$OUTPUT/topics.tsv" \
    --qrels fixtures/qrels/test.tsv --run "$OUTPUT/run.txt"

  step "The same index by Anserini, for comparison"
  scripts/build_index.sh "$OUTPUT/collection" "$OUTPUT/anserini-index"
  scripts/evaluate.sh --index "$OUTPUT/anserini-index" --topics "$OUTPUT/topics.tsv" \
    --qrels fixtures/qrels/test.tsv --run "$OUTPUT/anserini-run.txt" >/dev/null
  cmp "$OUTPUT/run.txt" "$OUTPUT/anserini-run.txt" || fail "the runs on the two indexes differ"
  echo "the runs on both indexes are the same, byte for byte"

  step "Why a document is found that shares no word with its topic"
  printf 'topic q13 "what causes huge storms at sea" finds the document wx-01 (hurricanes, typhoons):\n\n'
  "$tool" explain --top-k 12 "what causes huge storms at sea"

  step "Where everything lies"
  cat <<EOF
collection   $OUTPUT/collection/documents, described by $OUTPUT/collection/manifest.json
topics       $OUTPUT/topics.tsv
index        $OUTPUT/index (Anserini's: $OUTPUT/anserini-index)
run          $OUTPUT/run.txt

What to try next
  $tool explain --model "\$SPLADE_EXPORT_MODEL" "your own sentence"
  $tool documents --model "\$SPLADE_EXPORT_MODEL" your-corpus.jsonl --output out/yours
  (after: eval "\$(scripts/setup.sh --print-env)"; your own model: any Hugging Face SPLADE folder)
EOF
}

main "$@"
