#!/usr/bin/env bash
# Encodes millions of short made documents with a made model: peak memory, and the rate at the beginning and the end.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"

LIMIT_MB=500

usage() {
  cat <<'HELP'
Encodes short made documents with a trivially small made model, and prints peak memory and how many documents a
second of processor time takes at the beginning and at the end (a tenth of the parts each). Fails if memory is over
500 MB, or the end is slower than 0.8 of the beginning. Linux only.

Usage: scripts/bench/memory.sh [--documents N] [ARGUMENT...]

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
  need_cache
  build_program --bin splade-export --example tiny_model
  binary="$RELEASE/splade-export"
  work="$(mktemp -d)"
  # shellcheck disable=SC2064  # the folder as it is now
  trap "rm -rf -- '$work'" EXIT
  "$RELEASE/examples/tiny_model" "$work/model"
  corpus "$documents" >"$work/corpus.jsonl"
  eval "$("$SCRIPTS/setup.sh" --print-env)"
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
  local peak=0 now_kb ticks status=0
  while kill -0 "$1" 2>/dev/null; do
    now_kb="$(awk '/^VmHWM/ { print $2 }' "/proc/$1/status" 2>/dev/null || true)"
    [[ -z "$now_kb" || "$now_kb" -le $peak ]] || peak="$now_kb"
    ticks="$(awk '{ print $14 + $15 }' "/proc/$1/stat" 2>/dev/null || true)"
    [[ -z "$ticks" ]] || printf '%s %s\n' "$ticks" "$(find "$2/out/documents" -name 'part-*' 2>/dev/null | wc -l)"
    sleep 0.2
  done >"$2/samples"
  wait "$1" || status=$?
  [[ $status -eq 0 ]] || fail "splade-export ended with $status"
  # In processor time, which does not depend on what else the machine does.
  awk -v peak="$peak" -v limit="$LIMIT_MB" -v n="$3" -v hz="$(getconf CLK_TCK)" '
    { at[NR] = $1 / hz; parts[NR] = $2; all = $2 }
    # When so many parts were whole.
    function when(share,  i) {
      for (i = 1; i < NR && parts[i] < share * all; i++);
      return i
    }
    function rate(from, to) { return (parts[to] - parts[from]) * 10000 / (at[to] - at[from]) }
    END {
      # The very first part includes loading the model.
      if (all < 20) { print "too few parts to compare"; exit 1 }
      first = rate(when(0.02), when(0.12))
      last = rate(when(0.88), when(0.98))
      printf "documents    %d\npeak memory  %.0f MB\nbeginning    %.0f documents per second of processor time\n", n, peak / 1024, first
      printf "end          %.0f documents per second of processor time, ratio %.2f\n", last, last / first
      exit !(peak / 1024 < limit && last / first > 0.8)
    }' "$2/samples"
}

main "$@"
