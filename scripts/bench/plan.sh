#!/usr/bin/env bash
# Measures `plan` on millions of lines, and how much a shard with a plan reads, and how soon it encodes.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"

SHARDS=16

usage() {
  cat <<'HELP'
Makes a corpus of documents as long as the passages of MS MARCO (about 330 bytes), plans it with one thread and with all, and prints MB/s per core and peak memory;
then encodes one shard of 16 with the plan and a trivially small made model, and prints how long it takes to begin,
and how much more than its share it reads; then interrupts a run without a plan in its middle, and prints how fast the
next one skips what is whole. Fails if a plan is slower than 300 MB/s per core or takes 300 MB or
more, the shard begins after more than 2 s or reads more than 1 % too much, or less than 300 MB/s are skipped. Linux only.

Usage: scripts/bench/plan.sh [--documents N]

  --documents N  default 10000000, about 3.8 GB
HELP
}

main() {
  local documents=10000000 work corpus threads
  case "${1:-}" in
    "") ;;
    --help | -h) usage; exit 0 ;;
    --documents)
      need_value "$1" $#
      need_integer "$1" "$2"
      documents="$2"
      ;;
    *) usage_error "unknown option '$1'" ;;
  esac
  need_cache
  build_program --bin splade-export --example tiny_model
  BINARY="$RELEASE/splade-export"
  eval "$("$SCRIPTS/setup.sh" --print-env)"
  work="$(mktemp -d)"
  # shellcheck disable=SC2064  # the folder as it is now
  trap "rm -rf -- '$work'" EXIT
  corpus="$work/corpus.jsonl"
  lines "$documents" >"$corpus"
  "$RELEASE/examples/tiny_model" "$work/model"
  find_any_python
  for threads in 1 "$(cores)"; do
    rm -f "$work/plan.json"
    "$PYTHON_ANY" "$SCRIPTS/bench/plan.py" plan "$corpus" "$threads" "$BINARY" "$work/plan.json"
  done
  "$PYTHON_ANY" "$SCRIPTS/bench/plan.py" shard "$corpus" "$SHARDS" "$BINARY" "$work/plan.json" "$work/model" "$work/out"
  "$PYTHON_ANY" "$SCRIPTS/bench/plan.py" resume "$corpus" "$BINARY" "$work/plan.json" "$work/model" "$work/resumed"
}

lines() {
  awk -v n="$1" 'BEGIN {
    text = "the quick brown fox jumps over a lazy dog and runs away into the dark forest where nobody has ever seen it since, "
    text = text "as far as anyone can tell from what is written here today; others say that it came back at night, once, and "
    text = text "drank from the well behind the old mill, before it went across the frozen river and up into the hills"
    for (i = 0; i < n; i++) printf "{\"_id\": \"doc%d\", \"title\": \"%d\", \"text\": \"%s\"}\n", i, i * 7 % 1000, text
  }'
}

main "$@"
