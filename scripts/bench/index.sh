#!/usr/bin/env bash
# Measures the native index writer against Anserini's, on a synthetic collection, in one run.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"

usage() {
  cat <<'HELP'
Makes a synthetic collection (180 terms per document, impacts of weights x 100), indexes it with
Anserini and with `splade-export index`, and prints times, memory, sizes and search latency.

Usage: scripts/bench/index.sh [OPTION...]

  --documents N   documents of the collection (default: 100000)
  --output DIR    folder for everything (default: out/bench-index); an earlier one is replaced
  --help          this text

The files in DIR/raw are what was measured, as it was printed. Linux only (/proc). Needs a Rust
toolchain and `scripts/setup.sh java anserini python`.

Example
  scripts/bench/index.sh --documents 100000
HELP
}

parse_arguments() {
  DOCUMENTS=100000 OUTPUT=out/bench-index
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --help | -h) usage; exit 0 ;;
      --documents) need_value "$1" $#; need_integer "$1" "$2"; DOCUMENTS="$2"; shift ;;
      --output) need_value "$1" $#; OUTPUT="${2%/}"; shift ;;
      *) usage_error "unknown option '$1'" ;;
    esac
    shift
  done
}

make_output() {
  local mark="$OUTPUT/.bench-index"
  if [[ -e "$OUTPUT" ]]; then
    [[ -e "$mark" ]] || fail "$OUTPUT exists and is not an earlier benchmark's output" "name another: --output DIR"
    rm -rf -- "$OUTPUT"
  fi
  mkdir -p "$OUTPUT/raw" "$OUTPUT/collection"
  : >"$mark"
}

# measure NAME COMMAND...: runs it; raw/NAME.time then has user, system and wall seconds and the peak in KB, of all
# processes that the command has waited for.
measure() {
  local name="$1"
  shift
  "$PYTHON_ANY" -B "$SCRIPTS/bench/measure.py" "$OUTPUT/raw/$name.time" "$@" >"$OUTPUT/raw/$name.log" 2>&1 || {
    cat "$OUTPUT/raw/$name.log" >&2
    fail "$name failed"
  }
}

# cpu NAME: CPU seconds; peak NAME: megabytes; wall NAME: seconds.
cpu() { awk '{ printf "%.2f", $1 + $2 }' "$OUTPUT/raw/$1.time"; }
wall() { awk '{ printf "%.2f", $3 }' "$OUTPUT/raw/$1.time"; }
peak() { awk '{ printf "%.0f", $4 / 1000 }' "$OUTPUT/raw/$1.time"; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.1f", (b > 0 ? a / b : 0) }'; }
bytes() { find "$1" -type f ! -name write.lock -printf '%s\n' | awk '{ sum += $1 } END { printf "%d", sum }'; }

latency() {
  "$SCRIPTS/evaluate.sh" --index "$1" --topics "$OUTPUT/topics.tsv" --qrels "$OUTPUT/qrels.tsv" \
    --run "$OUTPUT/raw/$2.run" --threads 1 --json "$OUTPUT/raw/$2.json" >/dev/null 2>&1 ||
    fail "searching $1 failed"
}

main() {
  parse_arguments "$@"
  need_cache
  find_java
  find_jar
  find_any_python
  make_output
  build_program --bins --examples
  local release="$RELEASE" half=$((DOCUMENTS / 2))

  say "making the collection of $DOCUMENTS documents"
  # Two files, as Anserini gives one to each of its two threads.
  "$release/examples/synthetic_collection" documents 0 $half >"$OUTPUT/collection/part-0.jsonl"
  "$release/examples/synthetic_collection" documents $half "$DOCUMENTS" >"$OUTPUT/collection/part-1.jsonl"
  "$release/examples/synthetic_collection" topics 0 200 >"$OUTPUT/topics.tsv"
  printf 'query-id\tcorpus-id\tscore\n1\tdoc1\t1\n' >"$OUTPUT/qrels.tsv"

  say "indexing with Anserini"
  # The very call of build_index.sh, without its checks, which are no part of indexing.
  measure anserini "$JAVA" -Xmx2g -cp "$JAR" io.anserini.index.IndexCollection \
    -collection JsonVectorCollection -generator DefaultLuceneDocumentGenerator \
    -input "$OUTPUT/collection" -index "$OUTPUT/anserini" -threads 2 -memoryBuffer 1024 -impact -pretokenized
  say "indexing with splade-export"
  measure native "$release/splade-export" index "$OUTPUT/collection" --output "$OUTPUT/native" --threads 2
  measure native-one "$release/splade-export" index "$OUTPUT/collection" --output "$OUTPUT/native-one" --threads 2 \
    --force-merge
  say "writing from memory, without parsing"
  measure writer "$release/examples/bench_index_writer" "$DOCUMENTS" "$OUTPUT/writer"
  local writer
  writer="$(tail -n 1 "$OUTPUT/raw/writer.log")"

  say "searching"
  latency "$OUTPUT/anserini" anserini
  latency "$OUTPUT/native" native
  latency "$OUTPUT/native-one" native-one
  latency "$OUTPUT/anserini" anserini-again
  latency "$OUTPUT/native" native-again
  local name
  for name in native native-one; do
    cmp -s "$OUTPUT/raw/anserini.run" "$OUTPUT/raw/$name.run" || fail "the run files of anserini and $name differ"
  done
  report "$writer" | tee "$OUTPUT/raw/report.txt"
}

report() {
  local writer="$1" name
  printf '%-12s %9s %9s %8s %9s %12s\n' "" "CPU, s" "wall, s" "ratio" "peak, MB" "index, bytes"
  for name in anserini native native-one; do
    printf '%-12s %9s %9s %8s %9s %12s\n' "$name" "$(cpu $name)" "$(wall $name)" \
      "$(ratio "$(cpu anserini)" "$(cpu $name)")" "$(peak $name)" "$(bytes "$OUTPUT/$name")"
  done
  printf '%-12s %9s %9s %8s\n' "no parsing" "$writer" "" "$(ratio "$(cpu anserini)" "$writer")"
  printf '\n%-15s %9s %9s %9s\n' "latency, ms" mean median p95
  for name in anserini native native-one anserini-again native-again; do
    "$PYTHON_ANY" -c 'import json, sys
latency = json.load(open(sys.argv[2]))["latency_ms"]
print(f"{sys.argv[1]:<15}", *(f"{latency[name]:9.1f}" for name in ("mean", "median", "p95")))' "$name" "$OUTPUT/raw/$name.json"
  done
  printf '\nthe run files of all indexes are the same, byte for byte\n'
}

main "$@"
