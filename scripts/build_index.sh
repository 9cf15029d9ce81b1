#!/usr/bin/env bash
# Builds a Lucene impact index with Anserini and checks that everything arrived in it.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'HELP'
Builds a Lucene impact index with Anserini (IndexCollection -impact -pretokenized) and verifies it. `splade-export index`
makes the same without Java, in a fraction of the time; this is the reference it is compared with.

Usage: scripts/build_index.sh COLLECTION INDEX [OPTION...]

  COLLECTION  the output folder of `splade-export documents`, or any folder of
              JsonVectorCollection files (.jsonl, .jsonl.gz; every file in it is read)
  INDEX       the index folder to make

Options
  --threads N         indexing threads; one thread takes one file (default: the cores)
  --heap SIZE         memory for Java, like 2g or 900m (default: 2g)
  --optimize          merge the index into one segment
  --store-docvectors  store each document's vector (a much larger index; --store-raw is enough for
                      relevance feedback)
  --store-raw         store each document's JSON (a larger index)
  --overwrite         replace INDEX, once the new one is verified
  --help              this text

Needs `scripts/setup.sh java anserini` (or JAVA_HOME with Java 21 and ANSERINI_JAR).

Example
  splade-export documents fixtures --output out/collection
  scripts/build_index.sh out/collection out/anserini-index --threads 2
HELP
}

parse_arguments() {
  local positional=()
  THREADS="$(cores)" HEAP=2g OVERWRITE=false ANSERINI_OPTIONS=(-impact -pretokenized)
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --help | -h) usage; exit 0 ;;
      --threads) need_value "$1" $#; need_integer "$1" "$2"; THREADS="$2"; shift ;;
      --heap) need_value "$1" $#; HEAP="$2"; shift ;;
      --optimize) ANSERINI_OPTIONS+=(-optimize) ;;
      --store-docvectors) ANSERINI_OPTIONS+=(-storeDocvectors) ;;
      --store-raw) ANSERINI_OPTIONS+=(-storeRaw) ;;
      --overwrite) OVERWRITE=true ;;
      -*) usage_error "unknown option '$1'" ;;
      *) positional+=("$1") ;;
    esac
    shift
  done
  [[ ${#positional[@]} -eq 2 ]] || usage_error "expected COLLECTION and INDEX, got ${#positional[@]} paths"
  COLLECTION="$(as_path "${positional[0]%/}")" INDEX="$(as_path "${positional[1]%/}")"
  [[ "$HEAP" =~ ^([1-9][0-9]{0,5})([mMgG])$ ]] || usage_error "--heap takes a size like 2g or 900m, not '$HEAP'"
  HEAP_MB="${BASH_REMATCH[1]}"
  [[ "${BASH_REMATCH[2]}" == [mM] ]] || HEAP_MB=$((HEAP_MB * 1024))
}

# The first line of a log that a failure leaves, by which the next run knows it.
LOG_TITLE="The log of Anserini, kept by build_index.sh"

is_index() { compgen -G "$1/segments_*" >/dev/null; }

check_paths() {
  [[ -d "$COLLECTION" ]] || fail "no such folder: $COLLECTION" "make one with: splade-export documents ... --output $COLLECTION"
  check_outputs "$OVERWRITE" "$INDEX" -- "$COLLECTION"
  FAILED_LOG="$INDEX.failed.log"
  [[ ! -e "$FAILED_LOG" || "$(head -n 1 -- "$FAILED_LOG")" == "$LOG_TITLE" ]] ||
    fail "$FAILED_LOG exists and is no log of this script" "choose another name for the index, or move that file away"
  [[ -e "$INDEX" ]] || return 0
  # What is about to be deleted must be an index, whatever was typed.
  is_index "$INDEX" || { [[ -d "$INDEX" ]] && rmdir -- "$INDEX" 2>/dev/null; } ||
    fail "$INDEX exists and is no Lucene index, so it is not replaced" "choose another name"
}

# Sets what the index must hold: DOCUMENTS EMPTY POSTINGS IMPACTS, and INPUT, the folder to index.
count_collection() {
  local counts
  counts="$("$PYTHON_ANY" -B "$SCRIPTS/collection_counts.py" "$COLLECTION")" || exit 1
  read -r DOCUMENTS EMPTY POSTINGS IMPACTS INPUT <<<"$counts"
}

# The index is made in a hidden folder beside its place and moved there when it is verified.
make_work_folder() {
  mkdir -p "$(dirname -- "$INDEX")"
  WORK="$(dirname -- "$INDEX")/.$(basename -- "$INDEX").building.$$"
  LOG="$WORK/anserini.log"
  mkdir "$WORK" || fail "cannot write beside $INDEX"
  trap 'rm -rf -- "$WORK"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# A failure once Anserini has run: its log outlives the work folder.
fail_with_log() {
  { echo "$LOG_TITLE"; cat -- "$LOG"; } >"$FAILED_LOG"
  say "the last lines of Anserini's log:"
  tail -n 15 -- "$FAILED_LOG" | cut -c1-300 >&2
  fail "$1" "${2:+$2; }the whole log: $FAILED_LOG"
}

run_anserini() {
  # Documents are buffered in memory up to a limit that is 4 GB by default: it has to fit into the heap.
  "$JAVA" "-Xmx$HEAP" -cp "$JAR" io.anserini.index.IndexCollection \
    -collection JsonVectorCollection -generator DefaultLuceneDocumentGenerator \
    -input "$INPUT" -index "$WORK/index" -threads "$THREADS" -memoryBuffer $((HEAP_MB / 2)) \
    "${ANSERINI_OPTIONS[@]}" >"$LOG" 2>&1 || fail_with_log "Anserini failed" "if it ran out of memory, raise --heap"
}

# The number behind a counter of Anserini's final report.
counter() { sed -n "s/.* $1: *\([0-9,]*\)\$/\1/p" "$LOG" | tail -n 1 | tr -d ,; }

# Anserini exits 0 when it loses documents, so its log and its index are compared with the collection.
verify_log() {
  local indexed empty
  if log_has_errors "$LOG"; then
    fail_with_log "Anserini reports errors: documents are lost" "look for broken JSON in $INPUT"
  fi
  indexed="$(counter indexed)" empty="$(counter empty)"
  [[ -n "$indexed" && -n "$empty" ]] || fail_with_log "Anserini ended without its final report"
  [[ $((indexed + empty)) -eq "$DOCUMENTS" ]] || fail_with_log \
    "$indexed documents indexed + $empty empty ones are not the collection's $DOCUMENTS" \
    "the files in $INPUT are damaged, or not the ones that were written: export again"
}

verify_index() {
  local statistics
  statistics="$("$JAVA" -cp "$JAR" io.anserini.index.IndexReaderUtils -index "$WORK/index" -stats 2>>"$LOG")" ||
    fail_with_log "the index cannot be read"
  TERMS="$(sed -n 's/^total terms: *\([0-9]*\)$/\1/p' <<<"$statistics")"
  [[ "$TERMS" == "$IMPACTS" ]] || fail_with_log \
    "the index holds ${TERMS:-no} terms in total, the collection's impacts sum up to $IMPACTS" \
    "the files in $INPUT are not the ones that were written: export again"
}

move_into_place() {
  [[ ! -e "$INDEX" ]] || mv -- "$INDEX" "$WORK/replaced"
  mv -- "$WORK/index" "$INDEX"
  rm -f -- "$FAILED_LOG"
}

print_summary() {
  local size
  size="$(du -sk -- "$INDEX" | cut -f1)"
  printf '%-12s %15s\n' \
    documents "$DOCUMENTS" empty "$EMPTY" postings "$POSTINGS" "terms total" "$TERMS" \
    "size, KB" "$size" seconds "$SECONDS"
  printf '%-12s %s\n' index "$INDEX"
}

main() {
  parse_arguments "$@"
  [[ -n "${JAVA_HOME:-}" && -n "${ANSERINI_JAR:-}" ]] || need_cache
  check_paths
  find_java
  find_jar
  find_any_python
  count_collection
  make_work_folder
  run_anserini
  verify_log
  verify_index
  move_into_place
  print_summary
}

main "$@"
