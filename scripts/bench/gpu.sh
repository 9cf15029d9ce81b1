#!/usr/bin/env bash
# Measures splade-export on an NVIDIA GPU, without network, from files that were carried there.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$SCRIPTS/bench/lib.sh"

usage() {
  cat <<'HELP'
Measures splade-export with --device cuda --precision fp16: documents/s at 64, 128, 256 and 512 tokens, their share of
the rate at which the GPU multiplies matrices, which attention kernel runs, the time for as many documents as TREC-COVID
has, and how far the weights agree with the CPU's.

Usage: scripts/bench/gpu.sh --pack FOLDER [--model DIR]   here, with network: collects all that is needed in FOLDER
                                                          (3 GB: program, ONNX Runtime, CUDA, cuDNN, checkpoint)
       FOLDER/scripts/bench/gpu.sh [OPTION...]            there, with a GPU and its driver, without network
       scripts/bench/gpu.sh [OPTION...]                   both on one machine

Options
  --model DIR        the checkpoint (default: one of BERT-base's size, made here with random weights)
  --documents N      for 256 tokens, in proportion for the others (default: 20000)
  --repetitions N    (default: 3)
  --output DIR       for results.json, summary.md and the runs' files; must not exist
                     (default: out/bench-gpu/ and the time)
  --help             this text

Example
  scripts/bench/gpu.sh --pack gpu && rsync -a gpu/ gpu-machine:gpu/ && ssh gpu-machine gpu/scripts/bench/gpu.sh
HELP
}

parse() {
  ROOT="$(cd -- "$SCRIPTS/.." && pwd)" PACK="" MODEL="" DOCUMENTS=20000 REPETITIONS=3 OUTPUT=""
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --help | -h) usage; exit 0 ;;
      --pack | --model | --documents | --repetitions | --output) need_value "$1" $# ;;
      *) usage_error "unknown argument '$1'" ;;
    esac
    case "$1" in
      --pack) PACK="$2" ;;
      --model) MODEL="$2" ;;
      --documents) need_integer "$1" "$2"; DOCUMENTS="$2" ;;
      --repetitions) need_integer "$1" "$2"; REPETITIONS="$2" ;;
      --output) OUTPUT="$2" ;;
    esac
    shift 2
  done
  [[ -z "$MODEL" || -f "$MODEL/config.json" ]] || fail "$MODEL holds no config.json" "name a checkpoint's folder"
  # A packed folder brings its own.
  PACKED="$ROOT/packed"
  [[ ! -d "$PACKED" ]] || export SPLADE_EXPORT_CACHE="$PACKED"
}

# With network: what is missing is fetched, built and made. Sets BIN, LIBRARIES and MODEL.
get_ready() {
  command -v cargo >/dev/null || fail "Rust's cargo was not found" "install Rust first: see rustup"
  "$SCRIPTS/setup.sh" onnxruntime onnxruntime-gpu model
  if [[ -z "$MODEL" ]]; then
    [[ -d "$CACHE/bench-models/made-bert-base" ]] || "$SCRIPTS/setup.sh" transformers
    made_checkpoint bert-base
    MODEL="$MADE_CHECKPOINT"
  fi
  build_program --bin splade-export --example matrix_rate
  PROGRAM="$RELEASE/splade-export" MATRIX_RATE="$RELEASE/examples/matrix_rate"
}

pack() {
  [[ ! -e "$PACK" ]] || fail "$PACK exists" "name another folder with --pack"
  get_ready
  mkdir -p "$PACK/packed" "$PACK/scripts/bench" "$PACK/scripts/setup" "$PACK/fixtures"
  cp "$PROGRAM" "$MATRIX_RATE" "$PACK/packed/"
  cp -R "$(piece_folder onnxruntime)" "$(piece_folder onnxruntime-gpu)" "$PACK/packed/"
  cp -RL "$MODEL" "$PACK/packed/model"
  cp "$SCRIPTS/lib.sh" "$PACK/scripts/"
  cp "$SCRIPTS/setup/"*.sh "$PACK/scripts/setup/"
  cp "$SCRIPTS/bench/gpu.sh" "$SCRIPTS/bench/lib.sh" "$SCRIPTS/bench/gpu.py" "$SCRIPTS/bench/report.py" "$SCRIPTS/bench/systems.py" "$PACK/scripts/bench/"
  cp "$ROOT/fixtures/corpus.jsonl" "$PACK/fixtures/"
  say "bench/gpu: packed $(du -sh "$PACK" | cut -f1); carry $PACK to the machine with the GPU and run there: $PACK/scripts/bench/gpu.sh"
}

main() {
  parse "$@"
  if [[ -n "$PACK" ]]; then
    pack
    return
  fi
  OUTPUT="${OUTPUT:-out/bench-gpu/$(date -u +%Y-%m-%dT%H%M%S)}"
  [[ ! -e "$OUTPUT" ]] || fail "$OUTPUT exists" "name another folder with --output"
  if [[ -d "$PACKED" ]]; then
    PROGRAM="$PACKED/splade-export" MATRIX_RATE="$PACKED/matrix_rate"
    MODEL="${MODEL:-$PACKED/model}"
  else
    get_ready
  fi
  find_any_python
  # The program finds the libraries in the cache; these would come before them.
  unset ORT_DYLIB_PATH
  export PYTHONDONTWRITEBYTECODE=1
  "$PYTHON_ANY" "$SCRIPTS/bench/gpu.py" --program "$PROGRAM" --matrix-rate "$MATRIX_RATE" --model "$MODEL" \
    --corpus "$ROOT/fixtures/corpus.jsonl" --output "$OUTPUT" --documents "$DOCUMENTS" --repetitions "$REPETITIONS"
  say "bench/gpu: everything is in $OUTPUT"
}

main "$@"
