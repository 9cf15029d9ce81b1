#!/usr/bin/env bash
# Encodes millions of short made documents with a made model: peak memory, and the rate at the beginning and the end.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

LIMIT_MB=500

usage() {
  cat <<'HELP'
Encodes short made documents with a trivially small made model, and prints peak memory and the documents a second of
the first and the last tenth of the parts. Fails if memory is over 500 MB, or the last tenth is slower than 0.8 of the
first. Linux only.

Usage: scripts/bench_memory.sh [--documents N] [ARGUMENT...]

  --documents N  default 2000000
  ARGUMENT       passed on to `splade-export documents`, for example --index DIR
HELP
}

main() {
  local documents=2000000 work binary
  case "${1:-}" in
    --help | -h) usage; exit 0 ;;
    --documents)
      need_value "$1" $#
      need_integer "$1" "$2"
      documents="$2"
      shift 2
      ;;
  esac
  cd -- "$SCRIPTS/.."
  cargo build --locked --release --bin splade-export --example tiny_model
  binary="$PWD/target/release/splade-export"
  work="$(mktemp -d)"
  # shellcheck disable=SC2064  # the folder as it is now
  trap "rm -rf -- '$work'" EXIT
  target/release/examples/tiny_model "$work/model"
  corpus "$documents" >"$work/corpus.jsonl"
  eval "$(scripts/setup.sh --print-env)"
  "$binary" documents "$work/corpus.jsonl" --model "$work/model" --output "$work/out" "$@" &
  watch "$!" "$work" "$documents"
}

corpus() {
  awk -v n="$1" 'BEGIN {
    for (i = 0; i < n; i++) {
      text = ""
      for (w = 0; w < 4 + i % 5; w++) text = text " " sprintf("%c%c%c", 97 + i % 26, 97 + (i * 7 + w) % 26, 97 + w)
      printf "{\"id\": \"d%d\", \"text\": \"%s\"}\n", i, substr(text, 2)
    }
  }'
}

watch() {
  local peak=0 now_kb status=0
  while kill -0 "$1" 2>/dev/null; do
    now_kb="$(awk '/^VmHWM/ { print $2 }' "/proc/$1/status" 2>/dev/null || true)"
    [[ -z "$now_kb" || "$now_kb" -le $peak ]] || peak="$now_kb"
    sleep 0.2
  done
  wait "$1" || status=$?
  [[ $status -eq 0 ]] || fail "splade-export ended with $status"
  # Parts are files of 10,000 documents, named in input order; their times are those of their completion.
  find "$2/out/documents" -name 'part-*' -printf '%T@ %f\n' | sort -n | awk -v peak="$peak" -v limit="$LIMIT_MB" -v n="$3" '
    { at[NR] = $1 }
    END {
      tenth = int(NR / 10)
      if (tenth < 2) { print "too few parts to compare"; exit 1 }
      first = (tenth - 1) * 10000 / (at[tenth] - at[1])
      last = (tenth - 1) * 10000 / (at[NR - 1] - at[NR - tenth])
      printf "documents    %d\npeak memory  %.0f MB\nfirst tenth  %.0f documents/s\nlast tenth   %.0f documents/s, ratio %.2f\n", \
        n, peak / 1024, first, last, last / first
      exit !(peak / 1024 < limit && last / first > 0.8)
    }'
}

main "$@"
