#!/usr/bin/env bash
# Compares BM25 with SPLADE in several settings on a BEIR dataset: effectiveness, latency, size, time.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=experiments.sh
. "$SCRIPTS/experiments.sh"

usage() {
  cat <<'HELP'
Compares BM25 (Anserini, analyzed text) with SPLADE on a BEIR dataset: max and sum, steps 0.1 and
0.01, 8 bits, an int8 encoder, the 128 heaviest terms. Prints nDCG@10, R@100, R@1000, latency, size of
the index and times, each system tested against the first, and writes them as a table in Markdown,
as JSON and as a page.

Usage: scripts/compare.sh DATASET [OPTION...]

  DATASET  a BEIR dataset: a folder with corpus.jsonl, queries.jsonl and qrels/test.tsv, or its .zip

Options
  --output DIR      where everything goes (default: out/compare-NAME); an earlier comparison with the
                    same arguments goes on there
  --model MODEL     a model folder, or a name on the Hugging Face hub (default: the demo model)
  --max-length N    tokens of a text (default: 256)
  --language CODE   language of the analyzer for BM25, such as pt (default: en)
  --help            this text

The dataset is encoded once for each setting of the encoder; all else is converted from that. Sets up
what is missing with scripts/setup.sh, and needs Rust's cargo.

Example
  scripts/compare.sh fixtures
HELP
}

parse_arguments() {
  local positional=()
  OUTPUT="" MODEL="" MAX_LENGTH=256 LANGUAGE=en
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --help | -h) usage; exit 0 ;;
      --output) need_value "$1" $#; OUTPUT="$(as_path "${2%/}")"; shift ;;
      --model) need_value "$1" $#; MODEL="$2"; shift ;;
      --max-length) need_value "$1" $#; need_integer "$1" "$2"; MAX_LENGTH="$2"; shift ;;
      --language) need_value "$1" $#; LANGUAGE="$2"; shift ;;
      -*) usage_error "unknown option '$1'" ;;
      *) positional+=("$1") ;;
    esac
    shift
  done
  [[ ${#positional[@]} -eq 1 ]] || usage_error "expected one DATASET, got ${#positional[@]}"
  [[ "$LANGUAGE" =~ ^[a-z]{2,3}$ ]] || usage_error "--language takes a code like en or pt, not '$LANGUAGE'"
  DATASET="$(as_path "${positional[0]%/}")"
  NAME="$(basename -- "$(real_path "$DATASET")" .zip)"
  [[ -n "$OUTPUT" ]] || OUTPUT="out/compare-$NAME"
}

# Sets DATA and QRELS.
find_dataset() {
  DATA="$DATASET"
  if [[ -f "$DATASET" ]]; then
    DATA="$OUTPUT/dataset"
    "$PYTHON_ANY" -B "$SCRIPTS/compare.py" unpack "$DATASET" "$DATA"
  fi
  # shellcheck disable=SC2034  # used by experiments.sh
  QRELS="$DATA/qrels/test.tsv"
}

check_dataset() {
  if [[ -d "$DATASET" ]]; then
    local file
    for file in corpus.jsonl queries.jsonl qrels/test.tsv; do
      [[ -f "$DATASET/$file" ]] || fail "$DATASET has no $file" "name the folder or the .zip of a BEIR dataset"
    done
  else
    [[ -f "$DATASET" ]] || fail "there is no $DATASET" "name the folder or the .zip of a BEIR dataset"
  fi
}

# The row that the others are compared with.
search_text() {
  local folder="$OUTPUT/bm25"
  [[ ! -f "$folder/scores.json" ]] || return 0
  say "indexing and searching: bm25"
  "$PYTHON_ANY" -B "$SCRIPTS/compare.py" texts "$DATA" "$folder"
  rm -rf -- "${folder:?}/index"
  rm -f -- "$OUTPUT/times/bm25"
  timed "$OUTPUT/times/bm25" "$JAVA" -Xmx2g -cp "$JAR" io.anserini.index.IndexCollection -collection JsonCollection \
    -generator DefaultLuceneDocumentGenerator -input "$folder/documents" -index "$folder/index" -threads "$(cores)" \
    -language "$LANGUAGE"
  ! log_has_errors "$OUTPUT/times/bm25.log" || fail "Anserini could not index the texts" "read $OUTPUT/times/bm25.log"
  score "$folder" --topics "$folder/topics.tsv" --bm25 "$LANGUAGE"
}

main() {
  parse_arguments "$@"
  need_cache
  check_dataset
  prepare_experiment comparison_page
  [[ -n "$MODEL" ]] || MODEL="$SPLADE_EXPORT_MODEL"
  claim_output compare "$(real_path "$DATASET")" "$MODEL" "$MAX_LENGTH" "$LANGUAGE"
  find_dataset

  search_text
  encode max-weights --aggregation max
  encode sum-weights --aggregation sum
  encode int8-weights --aggregation max --precision int8
  search_impacts max-0.01 max-weights "--step 0.01" "--aggregation max --step 0.01"
  search_impacts max-0.1 max-weights "--step 0.1" "--aggregation max --step 0.1"
  search_impacts max-8-bits max-weights "--max-impact 255" "--aggregation max --max-impact 255"
  search_impacts max-top-128 max-weights "--step 0.01 --top-k 128" "--aggregation max --step 0.01"
  search_impacts int8-0.01 int8-weights "--step 0.01" "--aggregation max --precision int8 --step 0.01"
  search_impacts sum-0.01 sum-weights "--step 0.01" "--aggregation sum --step 0.01"
  search_impacts sum-0.1 sum-weights "--step 0.1" "--aggregation sum --step 0.1"

  rm -f -- "$OUTPUT/comparison."{json,md,html}
  "$PYTHON_ANY" -B "$SCRIPTS/compare.py" table "$OUTPUT" --dataset "$NAME" --max-length "$MAX_LENGTH" \
    --language "$LANGUAGE" --threads "$(cores)"
  "$RELEASE/examples/comparison_page" "$OUTPUT/comparison.json" "$OUTPUT/comparison.html"
  printf '\n'
  printf '%-8s %s\n' table "$OUTPUT/comparison.md" JSON "$OUTPUT/comparison.json" page "$OUTPUT/comparison.html"
}

main "$@"
