# shellcheck shell=bash
# Helpers shared by the scripts in this folder. Sourced, never run.

# The one cache folder; the splade-export binary looks for ONNX Runtime in the same place. Empty where nothing names one.
CACHE="${SPLADE_EXPORT_CACHE:-${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}}"
[[ -z "$CACHE" || -n "${SPLADE_EXPORT_CACHE:-}" ]] || CACHE="$CACHE/splade-export"
[[ -z "$CACHE" || "$CACHE" == /* ]] || CACHE="$PWD/$CACHE"
SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"

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

# as_path NAME: the name as no program takes it for an option.
as_path() { if [[ "$1" == -* ]]; then printf './%s' "$1"; else printf '%s' "$1"; fi; }

# real_path NAME: an absolute path without links, of a name that may not exist yet.
real_path() {
  local path="$1" rest=""
  while [[ ! -d "$path" ]]; do
    rest="/$(basename -- "$path")$rest"
    path="$(dirname -- "$path")"
  done
  printf '%s%s' "$(cd -- "$path" && pwd -P)" "$rest"
}

# check_outputs REPLACE OUTPUT... -- INPUT...: the one rule for what scripts write. No output may be an input, lie inside
# one or hold one, no two outputs may be the same, and what exists is replaced only if REPLACE is true. Empty names are
# passed over.
check_outputs() {
  local replace="$1" outputs=() output input
  shift
  while [[ "$1" != -- ]]; do
    [[ -z "$1" ]] || outputs+=("$1")
    shift
  done
  shift
  for output in "${outputs[@]}"; do
    for input in "$@"; do
      [[ -z "$input" ]] || refuse_same "$output" "$input"
    done
  done
  local first second
  for ((first = 0; first < ${#outputs[@]}; first++)); do
    for ((second = first + 1; second < ${#outputs[@]}; second++)); do
      [[ "$(real_path "${outputs[first]}")" != "$(real_path "${outputs[second]}")" ]] ||
        fail "${outputs[first]} is named for two outputs" "give each a name of its own"
    done
  done
  for output in "${outputs[@]}"; do
    [[ ! -e "$output" && ! -L "$output" ]] || $replace ||
      fail "$output exists" "choose another name, or add --overwrite"
  done
}

refuse_same() {
  local output input
  output="$(real_path "$1")" input="$(real_path "$2")"
  if [[ "$1" -ef "$2" || "$output/" == "$input/"* || "$input/" == "$output/"* ]]; then
    fail "$1 is to be written, but $2 is to be read" "choose another name for what is written"
  fi
}

# check_file_output FILE: makes its folder, and fails if the file could not be written there.
check_file_output() {
  local folder
  [[ ! -d "$1" ]] || fail "$1 is a folder" "name a file"
  folder="$(dirname -- "$1")"
  { mkdir -p -- "$folder" && [[ -w "$folder" ]]; } 2>/dev/null ||
    fail "$1 cannot be written" "look at the rights of $folder, or choose another name"
}

# Fails where no cache folder is named. Called after the options are read, so that --help works everywhere.
need_cache() { [[ -n "$CACHE" ]] || fail "there is no cache folder" "set HOME or SPLADE_EXPORT_CACHE"; }

# pins PIECE: the wheels of a piece as pip takes them, `project==version --hash=...` in one line, from the program's list.
pins() {
  awk -v piece="$1" '
    $1 == piece {
      split($2, names, "-")
      gsub("_", "-", names[1])
      if (names[1] != project) printf "%s==%s ", names[1], names[2]
      project = names[1]
      printf "--hash=sha256:%s ", $3
    }' "$SCRIPTS/../src/hub/wheels/pins.txt"
}

# version_in PINS PROJECT
version_in() { tr ' ' '\n' <<<"$1" | awk -F== -v project="$2" '$1 == project { print $2 }'; }

# piece_folder PIECE, piece_file PIECE: where setup.sh puts a piece, and the file in it that others use.
piece_folder() (
  need_cache
  # shellcheck source=/dev/null
  . "$SCRIPTS/setup/$1.sh"
  # shellcheck disable=SC2153  # set by the piece
  echo "$CACHE/$FOLDER"
)

piece_file() (
  need_cache
  # shellcheck source=/dev/null
  . "$SCRIPTS/setup/$1.sh"
  echo "$CACHE/$FOLDER/$FILE"
)

# build_program CARGO_ARGUMENT...: builds in release mode, and sets RELEASE to the folder of what was built.
build_program() {
  find_target
  (cd -- "$SCRIPTS/.." && cargo build --release --locked --quiet "$@")
  # shellcheck disable=SC2034  # used by the scripts that source this file
  RELEASE="$CARGO_TARGET_DIR/release"
}

# Sets and exports CARGO_TARGET_DIR to where cargo builds: the folder that the user's settings name, else `target` in
# this clone, or in the cache if the clone is read-only.
find_target() {
  command -v cargo >/dev/null || fail "Rust's cargo was not found" "install Rust first: see rustup"
  local root
  root="$(cd -- "$SCRIPTS/.." && pwd -P)"
  find_any_python
  # A relative one is meant from here, not from the clone.
  [[ -z "${CARGO_TARGET_DIR:-}" || "$CARGO_TARGET_DIR" == /* ]] || export CARGO_TARGET_DIR="$PWD/$CARGO_TARGET_DIR"
  CARGO_TARGET_DIR="$(cd -- "$root" && cargo metadata --no-deps --locked --offline --format-version 1 |
    "$PYTHON_ANY" -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')"
  if ! { mkdir -p -- "$CARGO_TARGET_DIR" && [[ -w "$CARGO_TARGET_DIR" ]]; } 2>/dev/null; then
    need_cache
    CARGO_TARGET_DIR="$CACHE/target"
  fi
  export CARGO_TARGET_DIR
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
  for candidate in "${JAVA_HOME:+$JAVA_HOME/bin/java}" "${CACHE:+$(piece_file java)}" "$(command -v java || true)"; do
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
  JAR="${ANSERINI_JAR:-$(piece_file anserini)}"
  [[ -f "$JAR" ]] || fail "Anserini's jar is missing: $JAR" "run: scripts/setup.sh java anserini"
}

# Sets PYTHON_ANY: a Python 3.8 or newer that needs nothing installed.
find_any_python() {
  local candidate
  for candidate in "${SPLADE_EXPORT_PYTHON:-}" "${CACHE:+$(piece_file python)}" "${PYTHON:-}" python3 python; do
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
