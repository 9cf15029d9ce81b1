#!/usr/bin/env bash
# Measures the rate of encode_csr in Python against that of the command documents, on the same texts.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"

usage() {
  cat <<'HELP'
Builds the wheel for this machine, installs it with SciPy into an empty environment, and encodes a corpus with
`splade-export documents` and with SpladeEncoder.encode_csr, in turn. Neither time counts the opening of the model;
that of documents counts reading and writing too. Then checks that 8 threads that encode at once have the same results.

Usage: scripts/bench/csr.sh [--repetitions N] CORPUS [MODEL]

  --repetitions N  default 3
  CORPUS           a file of JSON Lines
  MODEL            a folder (default: the demo model)

Example
  scripts/bench/csr.sh fixtures/corpus.jsonl
HELP
}

main() {
  local repetitions=3 work
  while [[ "${1:-}" == -* ]]; do
    case "$1" in
      --help | -h) usage; exit 0 ;;
      --repetitions)
        need_value "$1" $#
        need_integer "$1" "$2"
        repetitions="$2"
        shift 2
        ;;
      *) usage_error "unknown option '$1'" ;;
    esac
  done
  [[ $# -ge 1 && $# -le 2 ]] || usage_error "expected a corpus, and perhaps a model"
  need_cache
  "$SCRIPTS/setup.sh" onnxruntime model
  eval "$("$SCRIPTS/setup.sh" --print-env)"
  work="$(mktemp -d)"
  # shellcheck disable=SC2064  # the folder as it is now
  trap "rm -rf -- '$work'" EXIT
  "$SCRIPTS/build_wheel.sh" --native --output "$work/dist"
  "${PYTHON:-python3}" -m venv "$work/venv"
  "$work/venv/bin/pip" install --quiet "$(echo "$work"/dist/*.whl)[scipy]"
  "$work/venv/bin/python" "$SCRIPTS/bench/csr.py" "$1" "${2:-$SPLADE_EXPORT_MODEL}" "$repetitions"
}

main "$@"
