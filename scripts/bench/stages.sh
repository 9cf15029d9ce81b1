#!/usr/bin/env bash
# Measures everything but the encoder: what the CPU does beside GPUs.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"

usage() {
  cat <<'HELP'
Encodes a corpus, repeated, with a model that costs next to nothing, and writes collection and index: documents per
second and core of all stages together. Then measures each stage by itself, in one thread. Linux only (/proc).

Usage: scripts/bench/stages.sh [OPTION...]

  --corpus FILE   JSON Lines to repeat (default: the fixtures)
  --documents N   documents of the run (default: 50000)
  --threads N     (default: 2)
  --output DIR    for the measurements as they were printed; must not exist (default: out/bench-stages)
  --help          this text

Example
  scripts/bench/stages.sh --corpus scifact/corpus.jsonl
HELP
}

parse() {
  CORPUS="$SCRIPTS/../fixtures/corpus.jsonl" DOCUMENTS=50000 THREADS=2 OUTPUT=out/bench-stages
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --help | -h) usage; exit 0 ;;
      --corpus | --documents | --threads | --output) need_value "$1" $# ;;
      *) usage_error "unknown argument '$1'" ;;
    esac
    case "$1" in
      --corpus) CORPUS="$2" ;;
      --documents) need_integer "$1" "$2"; DOCUMENTS="$2" ;;
      --threads) need_integer "$1" "$2"; THREADS="$2" ;;
      --output) OUTPUT="${2%/}" ;;
    esac
    shift 2
  done
  [[ -f "$CORPUS" ]] || fail "$CORPUS: no such file" "name a JSON Lines file with --corpus"
  [[ ! -e "$OUTPUT" ]] || fail "$OUTPUT exists" "name another folder with --output"
}

# Repeats the corpus with docids of its own.
repeat_corpus() {
  "$PYTHON_ANY" -B - "$CORPUS" "$DOCUMENTS" "$1" <<'PYTHON'
import itertools, json, sys

corpus, documents, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
with open(corpus, encoding="utf-8") as file:
    records = [json.loads(line) for line in file]
with open(path, "w", encoding="utf-8") as out:
    for i, record in enumerate(itertools.islice(itertools.cycle(records), documents)):
        print(json.dumps({**record, "_id": f"d{i}"}, ensure_ascii=False), file=out)
PYTHON
}

# whole NAME OPTION...: one run through all stages.
whole() {
  local name="$1"
  shift
  "$PYTHON_ANY" -B "$SCRIPTS/bench/measure.py" "$OUTPUT/$name.time" "$RELEASE/splade-export" documents "$WORK/corpus.jsonl" \
    --model "$MODEL" --max-length 256 --threads "$THREADS" --device cpu --output "$WORK/$name" --index "$WORK/$name-index" \
    --timings "$OUTPUT/$name.json" "$@" 2>"$OUTPUT/$name.log" || fail "$name failed: $(tail -n 3 "$OUTPUT/$name.log")"
  "$PYTHON_ANY" -B - "$OUTPUT/$name.json" "$OUTPUT/$name.time" "$name" <<'PYTHON'
import json, sys

timings = json.load(open(sys.argv[1]))
user, system, _, peak = map(float, open(sys.argv[2]).read().split())
documents, seconds, stages = timings["documents"], timings["seconds"], timings["stages"]
model = stages["body"] + stages["head"]
print(f"{sys.argv[3]}: {documents / seconds / timings['threads']:.0f} documents/s and core in {seconds:.1f} s,"
      f" {timings['tokens'] / documents:.0f} tokens each, peak {peak / 1000:.0f} MB")
print(f"  CPU of the whole process {user + system:.1f} s; seconds of the stages, which wait for each other's cores: "
      + ", ".join(f"{stage} {value:.1f}" for stage, value in stages.items() if stage not in ("body", "head"))
      + f", the model of no cost {model:.1f}")
PYTHON
}

main() {
  parse "$@"
  command -v cargo >/dev/null || fail "Rust's cargo was not found" "install Rust first: see rustup"
  need_cache
  find_any_python
  "$SCRIPTS/setup.sh" onnxruntime model bench
  eval "$("$SCRIPTS/setup.sh" --print-env 2>/dev/null)"
  # With the benchmark, so that both are built with the same features.
  build_program --bins --bench stages
  WORK="$(mktemp -d)"
  trap 'rm -rf -- "$WORK"' EXIT
  MODEL="$WORK/model"
  "$(piece_folder bench)/optimum/bin/python" "$SCRIPTS/bench/made_table_model.py" "$(piece_folder model)/tokenizer.json" "$MODEL"
  mkdir -p -- "$OUTPUT"
  repeat_corpus "$WORK/corpus.jsonl"
  {
    whole compressed
    whole plain --compress none
  } | tee "$OUTPUT/summary.txt"
  SPLADE_EXPORT_MODEL="$(piece_folder model)" SPLADE_EXPORT_CORPUS="$(realpath -- "$CORPUS")" \
    cargo bench --locked --quiet --manifest-path "$SCRIPTS/../Cargo.toml" --bench stages -- --quiet 2>/dev/null | grep -v '^$' | tee -a "$OUTPUT/summary.txt"
  say "bench: everything is in $OUTPUT"
}

main "$@"
