#!/usr/bin/env bash
# Measures splade-export and its peers side by side, on the same documents and the same weights.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$SCRIPTS/bench/lib.sh"

usage() {
  cat <<'HELP'
Measures splade-export (fp32, int8), sentence-transformers' SparseEncoder (torch, onnx, openvino) and ONNX Runtime from
Python with the pooling on the host, as fastembed does it: documents/s, tokens/s, padding, peak memory, and how far the
weights agree. Linux on x86_64 alone; takes 5 GB of disk in the cache.

Usage: scripts/bench/encoder.sh [OPTION...]

Options
  --corpus PATH        JSON Lines with title and text, or a BEIR folder (default: the fixtures, again and again)
  --documents N        documents for the demo model (default: 1000), spread over the corpus; the larger models, which
                       are slower, get a sixteenth
  --long               join neighbouring texts of the corpus, so that each document fills --max-length
  --models LIST        of demo, distilbert, bert-base, modernbert, with commas (default: the first three). All but demo
                       are made here, of that size, with random weights of which 1 % of the columns are active;
                       modernbert is measured against torch alone
  --systems LIST       of these, with commas (default: all): splade-export fp32, splade-export int8,
                       sentence-transformers torch (always), sentence-transformers onnx,
                       sentence-transformers openvino, onnxruntime host-pooling
  --batches LIST       the peers' batch sizes to choose the best from (default: 4,8,16,32)
  --repetitions N      (default: 3)
  --threads N          (default: 2)
  --max-length N       tokens per text (default: 256)
  --output DIR         for results.json, summary.md and every run's files; must not exist
                       (default: out/bench/ and the time)
  --help               this text

Example
  scripts/bench/encoder.sh --corpus scifact --documents 500 --models demo
HELP
}

parse() {
  CORPUS="$SCRIPTS/../fixtures/corpus.jsonl" DOCUMENTS=1000 MODELS=demo,distilbert,bert-base SYSTEMS=""
  BATCHES=4,8,16,32 REPETITIONS=3 THREADS=2 MAX_LENGTH=256 OUTPUT="" LONG=()
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --help | -h) usage; exit 0 ;;
      --long) LONG=(--long); shift; continue ;;
      --corpus | --documents | --models | --systems | --batches | --repetitions | --threads | --max-length | --output)
        need_value "$1" $# ;;
      *) usage_error "unknown argument '$1'" ;;
    esac
    case "$1" in
      --corpus) CORPUS="$2" ;;
      --documents) need_integer "$1" "$2"; DOCUMENTS="$2" ;;
      --models) MODELS="$2" ;;
      --systems) SYSTEMS="$2" ;;
      --batches) BATCHES="$2" ;;
      --repetitions) need_integer "$1" "$2"; REPETITIONS="$2" ;;
      --threads) need_integer "$1" "$2"; THREADS="$2" ;;
      --max-length) need_integer "$1" "$2"; MAX_LENGTH="$2" ;;
      --output) OUTPUT="$2" ;;
    esac
    shift 2
  done
  [[ "$BATCHES" =~ ^[1-9][0-9]*(,[1-9][0-9]*)*$ ]] || usage_error "--batches takes whole numbers with commas, not '$BATCHES'"
  local known="demo|distilbert|bert-base|modernbert"
  [[ "$MODELS" =~ ^($known)(,($known))*$ ]] ||
    usage_error "--models takes demo, distilbert, bert-base and modernbert with commas, not '$MODELS'"
  check_systems
  [[ ! -d "$CORPUS" ]] || CORPUS="$CORPUS/corpus.jsonl"
  [[ -f "$CORPUS" ]] || fail "$CORPUS: no such file" "name a JSON Lines file or a BEIR folder with --corpus"
  OUTPUT="${OUTPUT:-out/bench/$(date -u +%Y-%m-%dT%H%M%S)}"
  [[ ! -e "$OUTPUT" ]] || fail "$OUTPUT exists" "name another folder with --output"
}

check_systems() {
  local system known="splade-export fp32,splade-export int8,sentence-transformers torch,sentence-transformers onnx,"
  known+="sentence-transformers openvino,onnxruntime host-pooling"
  [[ -n "$SYSTEMS" ]] || return 0
  while read -r system; do
    [[ ",$known," == *",$system,"* ]] || usage_error "--systems takes some of $known, not '$system'"
  done < <(tr ',' '\n' <<<"$SYSTEMS")
}

# Sets MODEL_FOLDER: the demo model, or one that is made once.
find_model() {
  MODEL_FOLDER="$(piece_folder model)"
  [[ "$1" == demo ]] || {
    made_checkpoint "$1"
    MODEL_FOLDER="$MADE_CHECKPOINT"
  }
}

# Sets PREPARED: the same model as the peers want it.
prepare() {
  local backend backends=()
  PREPARED="$MODELS_DIR/peers-$1"
  for backend in onnx openvino; do
    [[ "$1" == modernbert || -n "$SYSTEMS" && ",$SYSTEMS," != *"$backend"* ]] || backends+=("$backend")
  done
  "$(piece_folder bench)/optimum/bin/python" "$SCRIPTS/bench/prepare.py" "$MODEL_FOLDER" "$PREPARED" "${backends[@]}" \
    >"$MODELS_DIR/prepare.log" 2>&1 || fail "the export failed: $(tail -n 3 "$MODELS_DIR/prepare.log")"
}

main() {
  parse "$@"
  command -v cargo >/dev/null || fail "Rust's cargo was not found" "install Rust first: see rustup"
  need_cache
  "$SCRIPTS/setup.sh" onnxruntime model bench
  eval "$("$SCRIPTS/setup.sh" --print-env 2>/dev/null)"
  build_program --bins
  MODELS_DIR="$CACHE/bench-models"
  mkdir -p "$MODELS_DIR"
  export PYTHONDONTWRITEBYTECODE=1
  local name documents arguments=()
  for name in ${MODELS//,/ }; do
    find_model "$name"
    prepare "$name"
    documents="$DOCUMENTS"
    [[ "$name" == demo ]] || documents=$(((DOCUMENTS + 15) / 16))
    arguments+=(--model "$name" "$MODEL_FOLDER" "$PREPARED" "$documents")
  done
  [[ -z "$SYSTEMS" ]] || arguments+=(--systems "$SYSTEMS")
  "$(piece_file transformers)" "$SCRIPTS/bench/run.py" --program "$RELEASE/splade-export" \
    --pythons "$(piece_folder bench)" --corpus "$CORPUS" --output "$OUTPUT" --repetitions "$REPETITIONS" --threads "$THREADS" \
    --max-length "$MAX_LENGTH" --batches "$BATCHES" "${LONG[@]}" "${arguments[@]}"
  say "bench: everything is in $OUTPUT"
}

main "$@"
