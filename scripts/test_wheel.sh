#!/usr/bin/env bash
# Installs the wheel into empty environments of several Pythons, encodes, indexes, and searches through Pyserini.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

MOST_MB=30
MOST_SECONDS=60
MOST_MILLISECONDS=5
# What Pyserini's searcher imports, beside pip's own packages; see setup/requirements/python.txt.
PYSERINI_NEEDS=(numpy pyjnius tqdm)

usage() {
  cat <<'HELP'
Checks a wheel: its tag, its size and the versions of glibc that it needs; then, in an empty environment of each
Python, installs it from PyPI's caches alone, encodes, indexes, and compares a search through Pyserini with
QueryEncoder with that of encoded topics, byte for byte. Prints how long the installation and the first encoded
sentence take, and how long a query does, with sentence-transformers beside it where scripts/setup.sh bench is
there.

Usage: scripts/test_wheel.sh [--wheel FILE] [PYTHON...]

  --wheel FILE  default: the one that scripts/build_wheel.sh makes
  PYTHON        default: python3.11, python3.12 and python3.13, where they are; of pyenv, its newest of each

Example
  scripts/test_wheel.sh --wheel dist/splade_export-0.1.0-cp311-abi3-manylinux_2_28_x86_64.whl python3.12
HELP
}

main() {
  local wheel="" pythons=() python
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --help | -h) usage; exit 0 ;;
      --wheel)
        need_value "$1" $#
        wheel="$2"
        shift
        ;;
      -*) usage_error "unknown option '$1'" ;;
      *) pythons+=("$1") ;;
    esac
    shift
  done
  need_cache
  find_any_python
  "$SCRIPTS/setup.sh"
  eval "$("$SCRIPTS/setup.sh" --print-env)"
  WORK="$(mktemp -d)"
  trap 'rm -rf -- "$WORK"' EXIT
  if [[ -z "$wheel" ]]; then
    "$SCRIPTS/build_wheel.sh" --output "$WORK/dist"
    wheel="$(echo "$WORK"/dist/*.whl)"
  fi
  [[ -f "$wheel" ]] || fail "$wheel is no file" "name a wheel: --wheel FILE"
  WHEEL="$(real_path "$(dirname -- "$wheel")")/$(basename -- "$wheel")"
  check_file
  find_java
  find_jar
  [[ ${#pythons[@]} -gt 0 ]] || pythons=(python3.11 python3.12 python3.13)
  for python in "${pythons[@]}"; do test_python "$python"; done
  compare_speed
}

# Checks tag, size and symbols.
check_file() {
  local megabytes found
  megabytes="$(($(wc -c <"$WHEEL") / 1000000))"
  [[ "$megabytes" -lt "$MOST_MB" ]] || fail "$WHEEL has $megabytes MB" "a wheel is to stay below $MOST_MB MB"
  echo "file         $(basename -- "$WHEEL"), $megabytes MB"
  "$PYTHON_ANY" -m zipfile -e "$WHEEL" "$WORK/files"
  if [[ "$WHEEL" == *manylinux_2_* ]]; then
    local promised="${WHEEL##*manylinux_2_}"
    promised="${promised%%_*}"
    found="$(find "$WORK/files" -type f -exec sh -c 'objdump -T "$1" 2>/dev/null' sh {} \; |
      grep -oE 'GLIBC_2\.[0-9]+' | sort -t. -k2 -n | tail -n 1)"
    [[ -n "$found" && "${found#*.}" -le "$promised" ]] ||
      fail "the wheel promises glibc 2.$promised and needs $found" "build it with scripts/build_wheel.sh"
    echo "glibc        needs ${found#*_}, promises 2.$promised"
  fi
}

# python_of NAME: the program of this name, or pyenv's newest of its version; fails where there is none.
python_of() {
  local candidate folder
  for folder in "${PYENV_ROOT:-$HOME/.pyenv}/versions/${1#python}"*; do
    candidate="$folder/bin/python"
    [[ ! -x "$candidate" ]] || { echo "$candidate"; return; }
  done
  "$1" -c '' 2>/dev/null && command -v "$1"
}

test_python() {
  local host environment="$WORK/$1" started seconds
  if ! host="$(python_of "$1")"; then
    echo "$1: SKIPPED, it was not found"
    return
  fi
  "$host" -m venv "$environment"
  environment="$environment/bin"
  started="$(now)"
  "$environment/pip" install --quiet --no-cache-dir "$WHEEL"
  alone "$environment/python" -c 'import os, splade_export as s; s.SpladeEncoder(os.environ["SPLADE_EXPORT_MODEL"]).encode(["planes"])'
  seconds="$(($(now) - started))"
  [[ "$seconds" -le "$MOST_SECONDS" ]] || fail "$1: $seconds s from nothing to the first sentence" "more than $MOST_SECONDS s are too many"
  echo "$("$environment/python" --version): $seconds s from nothing to the first sentence"
  "$environment/pip" install --quiet "${PYSERINI_NEEDS[@]}"
  ENVIRONMENT="$environment"
  lend_pyserini
  search
}

# Encodes, indexes and searches with the package in ENVIRONMENT.
search() (
  local tool="$ENVIRONMENT/splade-export" folder fixtures="$SCRIPTS/../fixtures"
  folder="$(mktemp -d -p "$WORK")"
  alone "$tool" documents "$fixtures" --quiet --index "$folder/index"
  alone "$tool" topics "$fixtures" --quiet --output "$folder/topics.jsonl"
  pyserini_environment "$JAVA" "$JAR"
  alone "$ENVIRONMENT/python" "$SCRIPTS/../tests/python/pyserini_run.py" \
    "$SPLADE_EXPORT_MODEL" "$folder/index" "$folder/topics.jsonl"
  alone "$ENVIRONMENT/python" "$SCRIPTS/../tests/python/query_time.py" "$SPLADE_EXPORT_MODEL" "$MOST_MILLISECONDS"
)

# lend_pyserini: puts Pyserini, which has no code for one Python alone, into ENVIRONMENT; what it needs is installed.
lend_pyserini() {
  local from to
  from="$(packages_of "$SPLADE_EXPORT_PYTHON")"
  to="$(packages_of "$ENVIRONMENT/python")"
  cp -R "$from/pyserini" "$from/"pyserini_standins.{py,pth} "$to/"
}

packages_of() { "$1" -c 'import sysconfig; print(sysconfig.get_path("platlib"))'; }

# alone COMMAND...: finds ONNX Runtime nowhere but in the package.
alone() { env -u ORT_DYLIB_PATH SPLADE_EXPORT_CACHE=/nonexistent "$@"; }

# Prints the time of a query with sentence-transformers too.
compare_speed() {
  local peer="$CACHE/bench/latest/bin/python"
  if [[ ! -x "$peer" ]]; then
    echo "sentence-transformers: SKIPPED, it is not there (scripts/setup.sh bench)"
    return
  fi
  "$peer" "$SCRIPTS/../tests/python/query_time.py" --sentence-transformers "$SPLADE_EXPORT_MODEL"
}

main "$@"
