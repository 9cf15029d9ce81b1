#!/usr/bin/env bash
# Fetches what splade-export and its scripts need from PyPI, pinned and checked, into one cache folder.
#
# Each file in setup/ is a piece. It sets GROUP (default, gpu or development), SUMMARY, SIZE, PACKAGES, REGISTRY where that
# is not PyPI, FOLDER (in the cache), FILE (the file in it that others use) and NEEDS (other pieces), and defines stamp
# (prints what identifies this version of it), install (fills $WORK/piece) and environment (prints its lines of
# --print-env).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=setup/lib/fetch.sh
. "$SCRIPTS/setup/lib/fetch.sh"

usage() {
  cat <<HELP
Fetches what is missing, from PyPI through pip (so from whatever index pip is configured for).

Usage: scripts/setup.sh [--force] [PIECE...]
       scripts/setup.sh --check [PIECE...]
       scripts/setup.sh --print-env

Pieces (default: all of the first group, $(total_size default))
$(describe_group default)

For GPUs
$(describe_group gpu)

For the tests and the benchmarks alone
$(describe_group development)

Options
  --force      make the pieces anew, even if they are there
  --check      compare the files of the pieces (default: of all that are there) with the
               hashes they had when they were installed; nothing is fetched
  --print-env  print where the pieces lie, as shell assignments:
               ORT_DYLIB_PATH SPLADE_EXPORT_MODEL JAVA_HOME ANSERINI_JAR SPLADE_EXPORT_PYTHON,
               and those of the pieces for the tests that are there
  --help       this text

Environment
  SPLADE_EXPORT_CACHE  the cache folder (default: \$XDG_CACHE_HOME/splade-export,
                       else ~/.cache/splade-export); delete it to start again
  PYTHON               the Python to use (default: python3)

Example
  scripts/setup.sh && eval "\$(scripts/setup.sh --print-env)"
HELP
}

# Where most pieces are from.
# shellcheck disable=SC2034  # a value of the pieces
REGISTRY=PyPI

# ---- the pieces -------------------------------------------------------------------------------------------------

all_pieces() {
  local file
  for file in "$SCRIPTS/setup/"*.sh; do basename -- "$file" .sh; done
}

# with_piece NAME COMMAND...: runs the command in a subshell in which the piece is loaded.
with_piece() (
  # shellcheck source=/dev/null
  . "$SCRIPTS/setup/$1.sh"
  shift
  "$@"
)

# value_of PIECE VARIABLE: what the piece says of itself.
value_of() { with_piece "$1" print_value "$2"; }

print_value() { printf '%s\n' "${!1}"; }

pieces_of_group() {
  local piece
  for piece in $(all_pieces); do
    if [[ "$(value_of "$piece" GROUP)" == "$1" ]]; then echo "$piece"; fi
  done
}

describe_group() {
  local piece needs
  for piece in $(pieces_of_group "$1"); do
    needs="$(value_of "$piece" NEEDS)"
    printf '  %-16s %s (%s)\n' "$piece" "$(value_of "$piece" SUMMARY)${needs:+; brings along: $needs}" \
      "$(value_of "$piece" SIZE)"
  done
}

# The sum of a group's sizes, which are in MB.
total_size() {
  local piece
  for piece in $(pieces_of_group "$1"); do value_of "$piece" SIZE; done |
    awk '{ sum += $1 } END { print sum " " $2 }'
}

piece_stamp() { with_piece "$1" stamp | tr -s ' \n' '  '; }

is_present() {
  local folder file
  folder="$(piece_folder "$1")" file="$(piece_file "$1")"
  # -e follows the link of a virtual environment: a Python that was removed since makes the piece missing.
  [[ -f "$folder/.stamp" && -e "$file" && "$(cat "$folder/.stamp")" == "$(piece_stamp "$1")" ]] || return 1
  # A truncated library would crash the program that loads it.
  [[ ! -f "$folder/.size" || "$(cat "$folder/.size")" == "$(size_of "$file")" ]]
}

# is_ours FOLDER: whether a setup made it. A stamp of any version holds a SHA-256.
is_ours() { [[ -f "$1/.stamp" ]] && grep -qE '(^|[^0-9a-f])[0-9a-f]{64}([^0-9a-f]|$)' "$1/.stamp"; }

size_of() { wc -c <"$1" | tr -d ' '; }

# ---- checking ---------------------------------------------------------------------------------------------------

# list_hashes FOLDER: the SHA-256 of every file that Python does not make again by itself.
list_hashes() {
  (cd -- "$1" && find . -type f ! -name .stamp ! -name .size ! -name .sha256 ! -path '*/__pycache__/*' -print0 |
    LC_ALL=C sort -z | xargs -0 "${SHA256[@]}")
}

check_piece() {
  local folder
  folder="$(piece_folder "$1")"
  if ! is_present "$1"; then
    say "$1: missing, incomplete or of another version"
  elif [[ ! -f "$folder/.sha256" ]]; then
    say "$1: was installed without hashes, by an earlier version"
  elif ! (cd -- "$folder" && "${SHA256[@]}" -c .sha256 2>/dev/null | grep -v ': OK$' | sed "s|^|$1: |" >&2; exit "${PIPESTATUS[0]}"); then
    say "$1: damaged"
  else
    say "$1: as it was installed"
    return
  fi
  return 1
}

check_pieces() {
  local piece damaged="" pieces="$*"
  if [[ -z "$pieces" ]]; then
    for piece in $(all_pieces); do
      if is_ours "$(piece_folder "$piece")"; then pieces+=" $piece"; fi
    done
  fi
  for piece in $pieces; do
    check_piece "$piece" || damaged+=" $piece"
  done
  [[ -z "$damaged" ]] || fail "not as installed:$damaged" "make them anew: scripts/setup.sh --force$damaged"
}

# ---- installing -------------------------------------------------------------------------------------------------

# One setup at a time in a cache: a second one waits, then finds the work done. The lock belongs to the open file, so
# the Python that takes it may end, and it can never be left behind. (macOS has no flock command.)
lock_cache() {
  mkdir -p "$CACHE" || fail "cannot write to $CACHE" "choose another folder: SPLADE_EXPORT_CACHE=/some/folder"
  find_host_python 8
  exec 9>"$CACHE/.lock"
  "$HOST_PYTHON" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)' 2>/dev/null || {
    say "setup: waiting for another setup in $CACHE"
    "$HOST_PYTHON" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
  }
  remove_leftovers
  WORK_FOLDER="$(mktemp -d "$CACHE/.splade-export-setup.XXXXXX")"
  : >"$WORK_FOLDER/$WORK_MARK"
}

# The name of the empty file by which a temporary folder of a setup is known.
WORK_MARK=temporary-folder-of-splade-export-setup

# Under the lock, a temporary folder was left by an interrupted run.
remove_leftovers() {
  local folder
  for folder in "$CACHE/".splade-export-setup.*; do
    [[ ! -f "$folder/$WORK_MARK" || -L "$folder" ]] || rm -rf -- "$folder"
  done
}

# Makes a piece in a temporary folder, which is moved into place when it is complete. `.stamp` in it names what was
# verified, so that later runs compare one short line instead of hashing hundreds of megabytes; `.sha256` is for --check.
install_piece() {
  local piece="$1" started target
  if ! $FORCE && is_present "$piece"; then return; fi
  say "$piece: fetching $(value_of "$piece" SUMMARY) ($(value_of "$piece" SIZE) from $(value_of "$piece" REGISTRY): $(value_of "$piece" PACKAGES))"
  started="$(now)"
  target="$(piece_folder "$piece")"
  WORK="$WORK_FOLDER/$piece"
  mkdir -p "$WORK" "$(dirname -- "$target")"
  with_piece "$piece" install
  list_hashes "$WORK/piece" >"$WORK/sha256"
  mv "$WORK/sha256" "$WORK/piece/.sha256"
  size_of "$WORK/piece/$(value_of "$piece" FILE)" >"$WORK/piece/.size"
  piece_stamp "$piece" >"$WORK/piece/.stamp"
  # A piece of an older version steps aside first: a folder cannot be moved onto another.
  [[ ! -e "$target" ]] || mv "$target" "$WORK/replaced"
  mv "$WORK/piece" "$target"
  rm -rf "$WORK"
  say "$piece: ready in $(($(now) - started)) s, $(du -sh "$target" | cut -f1 | tr -d ' ') in $target"
}

# Sets PIECES: those asked for, each after what it needs, none twice.
add_with_needs() {
  local piece
  for piece in "$@"; do
    [[ " $PIECES " != *" $piece "* ]] || continue
    # shellcheck disable=SC2046  # the names are words
    add_with_needs $(value_of "$piece" NEEDS)
    PIECES="${PIECES:+$PIECES }$piece"
  done
}

install_pieces() {
  local piece missing=""
  PIECES=""
  add_with_needs "$@"
  for piece in $PIECES; do
    if is_present "$piece" && ! { $FORCE && [[ " $* " == *" $piece "* ]]; }; then continue; fi
    refuse_foreign "$(piece_folder "$piece")"
    missing+=" $piece"
  done
  if [[ -z "$missing" ]]; then
    say "setup: everything is there ($PIECES) in $CACHE"
    return
  fi
  lock_cache
  for piece in $missing; do install_piece "$piece"; done
  rm -rf -- "$WORK_FOLDER"
}

# What is to be replaced must be a setup's, whatever else lies under that name.
refuse_foreign() {
  [[ ! -e "$1" && ! -L "$1" ]] || is_ours "$1" ||
    fail "$1 exists and was not made by scripts/setup.sh" "move it away, or choose another cache: SPLADE_EXPORT_CACHE=/some/folder"
}

print_env() {
  local piece
  for piece in $(all_pieces); do
    if is_present "$piece"; then
      with_piece "$piece" environment
    elif [[ "$(value_of "$piece" GROUP)" == default ]]; then
      say "setup: $piece is missing; get it with: scripts/setup.sh $piece"
    fi
  done
}

main() {
  local argument pieces="" print=false check=false known
  FORCE=false
  known="$(all_pieces | tr '\n' ' ')"
  for argument in "$@"; do
    case "$argument" in
      --help | -h) usage; exit 0 ;;
      --print-env) print=true ;;
      --check) check=true ;;
      --force) FORCE=true ;;
      *)
        [[ "$argument" != *[[:space:]]* && " $known" == *" $argument "* ]] ||
          usage_error "unknown piece or option '$argument' (pieces: ${known% })"
        pieces+=" $argument"
        ;;
    esac
  done
  ! $print || [[ -z "$pieces" ]] || usage_error "--print-env takes no pieces"
  ! { $print && $check || $print && $FORCE || $check && $FORCE; } ||
    usage_error "--print-env, --check and --force cannot be combined"
  need_cache
  if $print; then
    print_env
  elif $check; then
    # shellcheck disable=SC2086  # the names are words
    check_pieces $pieces
  else
    # shellcheck disable=SC2046,SC2086  # the names are words
    install_pieces ${pieces:-$(pieces_of_group default)}
  fi
}

main "$@"
