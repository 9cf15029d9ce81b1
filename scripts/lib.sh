# shellcheck shell=bash
# Helpers shared by the scripts in this folder. Sourced, never run.

# The one cache folder; the splade-export binary looks for ONNX Runtime in the same place.
CACHE="${SPLADE_EXPORT_CACHE:-${XDG_CACHE_HOME:-${HOME:?set HOME or SPLADE_EXPORT_CACHE}/.cache}/splade-export}"
[[ "$CACHE" == /* ]] || CACHE="$PWD/$CACHE"
# shellcheck disable=SC2034  # used by the scripts that source this file
SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"

# Where setup.sh puts each piece.
ORT_LIBRARY_DIR="$CACHE/onnxruntime"
JAVA_DIR="$CACHE/java"
ANSERINI_DIR="$CACHE/anserini"
PYTHON_DIR="$CACHE/python"
OLD_ANSERINI_DIR="$CACHE/anserini-0.22.1"
SHELLCHECK_DIR="$CACHE/shellcheck"
TRANSFORMERS_DIR="$CACHE/transformers"
# shellcheck disable=SC2034  # used by the scripts that source this file
{
  GPU_LIBRARY_DIR="$CACHE/onnxruntime-gpu"
  MODEL_DIR="$CACHE/models/splade-tiny"
  ORT_LIBRARY="$ORT_LIBRARY_DIR/libonnxruntime.so"
  CACHED_JAR="$ANSERINI_DIR/anserini-1.7.1-fatjar.jar"
  OLD_JAR="$OLD_ANSERINI_DIR/anserini-0.22.1-fatjar.jar"
  CACHED_PYTHON="$PYTHON_DIR/bin/python"
  SHELLCHECK="$SHELLCHECK_DIR/shellcheck"
  BENCH_DIR="$CACHE/bench"
  TRANSFORMERS_PYTHON="$TRANSFORMERS_DIR/bin/python"
}

say() { printf '%s\n' "$*" >&2; }

# fail MESSAGE [REMEDY]: what is wrong, and what to do about it.
fail() {
  say "error: $1"
  [[ $# -lt 2 ]] || say "  remedy: $2"
  exit 1
}

# The command line itself is wrong: exit code 2, as the splade-export binary does.
usage_error() {
  say "error: $1"
  say "  remedy: see ${0##*/} --help"
  exit 2
}

# need_value OPTION COUNT: COUNT is what is left of the command line, the option included.
need_value() { [[ $2 -ge 2 ]] || usage_error "$1 needs a value"; }

need_integer() {
  [[ "$2" =~ ^[1-9][0-9]{0,8}$ ]] || usage_error "$1 takes a positive whole number, not '$2'"
}

cores() { getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1; }

now() { date +%s; }

# The major version of a java command; nothing if it does not run.
java_major() {
  "$1" -version 2>&1 | sed -n '1,/version/s/.*version "\([0-9]*\).*/\1/p' || true
}

# Sets JAVA: the first of JAVA_HOME, the cache and PATH that is new enough for Anserini.
find_java() {
  local candidate major tried=()
  for candidate in "${JAVA_HOME:+$JAVA_HOME/bin/java}" "$JAVA_DIR/bin/java" "$(command -v java || true)"; do
    [[ -n "$candidate" && -x "$candidate" ]] || continue
    major="$(java_major "$candidate")"
    if [[ "${major:-0}" -ge 21 ]]; then
      # shellcheck disable=SC2034  # used by the scripts that source this file
      JAVA="$candidate"
      return
    fi
    tried+=("$candidate is Java ${major:-?}")
  done
  local found=""
  [[ ${#tried[@]} -eq 0 ]] || found=" ($(IFS=';'; echo "${tried[*]}"))"
  fail "Anserini needs Java 21 or newer, and none was found$found" "run: scripts/setup.sh java anserini"
}

# Sets JAR: ANSERINI_JAR, or the one in the cache.
find_jar() {
  JAR="${ANSERINI_JAR:-$CACHED_JAR}"
  [[ -f "$JAR" ]] || fail "Anserini's jar is missing: $JAR" "run: scripts/setup.sh java anserini"
}

# Sets PYTHON_ANY: a Python 3.8 or newer that needs nothing installed.
find_any_python() {
  local candidate
  for candidate in "${SPLADE_EXPORT_PYTHON:-}" "$CACHED_PYTHON" "${PYTHON:-}" python3 python; do
    [[ -n "$candidate" ]] || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1; then
      # shellcheck disable=SC2034  # used by the scripts that source this file
      PYTHON_ANY="$candidate"
      return
    fi
  done
  fail "Python 3.8 or newer was not found" "install python3, or name one: PYTHON=/path/to/python3"
}

# pyserini_environment JAVA JAR: what Pyserini, or the bridge it uses, reads from the environment when it is imported.
pyserini_environment() {
  JAVA_HOME="$(dirname -- "$(dirname -- "$1")")"
  export JAVA_HOME PATH="$JAVA_HOME/bin:$PATH"
  # A folder without a jar makes Pyserini leave the class path, and the JVM's options, alone: it would ask for a
  # module (jdk.incubator.vector) that small Java runtimes lack.
  export ANSERINI_CLASSPATH="$SCRIPTS/no-jar-here" CLASSPATH="$2"
  # Imported, never called: the full Pyserini makes a client when it is imported, and that wants some key.
  export OPENAI_API_KEY="${OPENAI_API_KEY:-unused}"
}

# log_has_errors LOG: what Anserini's log says when work is lost, whatever its exit code (a bare "ERROR" may be part of
# a file's name).
log_has_errors() { grep -qE ' (ERROR|FATAL) \[|Unexpected Exception|Exception in thread|OutOfMemoryError' "$1"; }

# made_checkpoint SIZE: sets MADE_CHECKPOINT to a model of that size with random weights, made once.
made_checkpoint() {
  MADE_CHECKPOINT="$CACHE/bench-models/made-$1"
  [[ -d "$MADE_CHECKPOINT" ]] && return
  say "making a checkpoint of the size of $1"
  mkdir -p "$CACHE/bench-models"
  "$TRANSFORMERS_PYTHON" "$SCRIPTS/bench/made_checkpoint.py" "$1" "$SCRIPTS/../fixtures/corpus.jsonl" \
    "$MODEL_DIR/tokenizer.json" "$MADE_CHECKPOINT" >&2 || fail "the checkpoint could not be made"
}
