#!/usr/bin/env bash
# Searches an impact index with encoded topics, through Pyserini or Anserini, and scores the run.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'HELP'
Searches an impact index with encoded topics, writes a TREC run file and scores it.

Usage: scripts/evaluate.sh --index INDEX --topics TOPICS --qrels QRELS --run RUN [OPTION...]

  --index INDEX    an index of splade-export or of build_index.sh
  --topics TOPICS  what `splade-export topics` wrote: Anserini's TSV (qid, tab, repeated
                   terms) or Pyserini's JSON Lines ("qid" and "vector"); by content
  --qrels QRELS    BEIR's TSV (query-id corpus-id score) or TREC's qrels (qid 0 docid
                   grade); by content
  --run RUN        the run file to write

Options
  --searcher NAME  pyserini: LuceneImpactSearcher in batch, then each query alone for the
                   latency (default); anserini: Java alone. Both write the same run file.
  --hits N         documents per query (default: 1000)
  --threads N      search threads (default: the cores)
  --bm25 LANGUAGE  INDEX is one of Anserini's of analyzed text in this language (en, pt, ...), and
                   TOPICS holds texts (qid, tab, text): BM25 with k1 0.9 and b 0.4, by Pyserini
  --remove-query   leave a document out whose docid is the query's qid, as BEIR does
  --json FILE      write the results as JSON too
  --per-query FILE write nDCG@10 of each judged query (qid, tab, value) too
  --overwrite      replace RUN and the files of --json and --per-query where they exist
  --help           this text

Judged queries without results count as 0 (trec_eval -c). Warns where TOPICS.manifest.json names
another model or quantization than INDEX. Needs
`scripts/setup.sh java anserini`, and `scripts/setup.sh python` for Pyserini.

Example
  splade-export documents fixtures --index out/index
  splade-export topics fixtures --output out/topics.tsv
  scripts/evaluate.sh --index out/index --topics out/topics.tsv --qrels fixtures/qrels/test.tsv --run out/run.txt
HELP
}

parse_arguments() {
  INDEX="" TOPICS="" QRELS="" RUN="" JSON="" PER_QUERY="" BM25="" REMOVE_QUERY=false OVERWRITE=false SEARCHER=pyserini HITS=1000 THREADS="$(cores)"
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --help | -h) usage; exit 0 ;;
      --overwrite) OVERWRITE=true; shift; continue ;;
      --remove-query) REMOVE_QUERY=true; shift; continue ;;
      --index | --topics | --qrels | --run | --json | --per-query | --bm25 | --searcher | --hits | --threads) need_value "$1" $# ;;
      *) usage_error "unknown option '$1'" ;;
    esac
    case "$1" in
      --index) INDEX="$(as_path "${2%/}")" ;;
      --topics) TOPICS="$(as_path "$2")" ;;
      --qrels) QRELS="$(as_path "$2")" ;;
      --run) RUN="$(as_path "$2")" ;;
      --json) JSON="$(as_path "$2")" ;;
      --per-query) PER_QUERY="$(as_path "$2")" ;;
      --bm25) BM25="$2" ;;
      --searcher) SEARCHER="$2" ;;
      --hits) need_integer "$1" "$2"; HITS="$2" ;;
      --threads) need_integer "$1" "$2"; THREADS="$2" ;;
    esac
    shift 2
  done
  local name
  for name in INDEX TOPICS QRELS RUN; do
    [[ -n "${!name}" ]] || usage_error "--$(tr '[:upper:]' '[:lower:]' <<<"$name") is missing"
  done
  case "$SEARCHER" in
    pyserini | anserini) ;;
    *) usage_error "--searcher is pyserini or anserini, not '$SEARCHER'" ;;
  esac
  [[ "$SEARCHER" == pyserini ]] || { [[ -z "$BM25" ]] && ! $REMOVE_QUERY; } ||
    usage_error "--bm25 and --remove-query need --searcher pyserini"
}

check_paths() {
  compgen -G "$INDEX/segments_*" >/dev/null ||
    fail "no Lucene index at $INDEX" "make it with: splade-export index COLLECTION --output $INDEX"
  # Every segment has such a file.
  compgen -G "$INDEX/*.si" >/dev/null ||
    fail "the index $INDEX holds no documents" "make it of a collection in which some document has a term"
  is_readable "$TOPICS" || fail "no such topics file: $TOPICS" "write it with: splade-export topics ... --output $TOPICS"
  is_readable "$QRELS" || fail "no such qrels file: $QRELS" "give BEIR's qrels/test.tsv or a TREC qrels file"
  check_outputs "$OVERWRITE" "$RUN" "$JSON" "$PER_QUERY" -- "$INDEX" "$TOPICS" "$QRELS"
  local file
  for file in "$RUN" "$JSON" "$PER_QUERY"; do
    [[ -z "$file" ]] || check_file_output "$file"
  done
}

# A file, or a pipe such as <(...).
is_readable() { [[ -e "$1" && ! -d "$1" && -r "$1" ]]; }

# Both are read more than once, and a pipe can be read only once.
copy_pipes() {
  if [[ ! -f "$TOPICS" ]]; then
    cat -- "$TOPICS" >"$WORK/topics"
    TOPICS="$WORK/topics"
  fi
  if [[ ! -f "$QRELS" ]]; then
    cat -- "$QRELS" >"$WORK/qrels"
    QRELS="$WORK/qrels"
  fi
}

# Sets PYTHON_SEARCH, in which Pyserini can be imported.
find_pyserini() {
  PYTHON_SEARCH="${SPLADE_EXPORT_PYTHON:-$(piece_file python)}"
  "$PYTHON_SEARCH" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("pyserini") is None)' \
    >/dev/null 2>&1 || fail "Pyserini is missing: $PYTHON_SEARCH" \
    "run: scripts/setup.sh python, or search with --searcher anserini"
}

make_work_folder() {
  WORK="$(mktemp -d "${TMPDIR:-/tmp}/splade-export.XXXXXX")"
  LOG="$WORK/search.log"
  # The run is written beside its place and moved there when it is whole.
  UNFINISHED_RUN="$(dirname -- "$RUN")/.$(basename -- "$RUN").$$"
  trap 'rm -rf -- "$WORK" "$UNFINISHED_RUN"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# -B: no compiled files beside the scripts.
python_step() { "$PYTHON_ANY" -B "$SCRIPTS/evaluate.py" "$@"; }

fail_with_log() {
  say "the last lines of the search's log:"
  tail -n 20 -- "$LOG" | cut -c1-300 >&2
  fail "$@"
}

search_pyserini() {
  (
    pyserini_environment "$JAVA" "$JAR"
    "$PYTHON_SEARCH" -B "$SCRIPTS/evaluate.py" search --topics "$TOPICS" --index "$INDEX" --hits "$HITS" \
      --threads "$THREADS" --run "$UNFINISHED_RUN" --timing "$WORK/timing.json" ${KIND[@]+"${KIND[@]}"}
  ) >"$LOG" 2>&1 || fail_with_log "Pyserini's search failed"
}

# Anserini exits 0 when it fails: the log and the run have to tell.
search_anserini() {
  "$JAVA" -cp "$JAR" io.anserini.search.SearchCollection -impact -pretokenized -index "$INDEX" \
    -topics "$WORK/topics.tsv" -topicReader TsvString -output "$UNFINISHED_RUN" -hits "$HITS" \
    -threads "$THREADS" -parallelism 1 -runtag splade-export >"$LOG" 2>&1 || fail_with_log "Anserini's search failed"
  if log_has_errors "$LOG" || [[ ! -f "$UNFINISHED_RUN" ]]; then fail_with_log "Anserini's search failed"; fi
  local searched rate
  searched="$(sed -n 's/.* \([0-9][0-9]*\) queries processed in .*/\1/p' "$LOG")"
  rate="$(sed -n 's/.* queries processed in .* = ~\([0-9.]*\) q\/s.*/\1/p' "$LOG")"
  [[ "$searched" == "$(wc -l <"$WORK/topics.tsv" | tr -d ' ')" ]] ||
    fail_with_log "Anserini searched ${searched:-no} queries, not all of them"
  printf '{"queries_per_second": %s}\n' "${rate:-null}" >"$WORK/timing.json"
}

main() {
  parse_arguments "$@"
  [[ -n "${JAVA_HOME:-}" && -n "${ANSERINI_JAR:-}" && -n "${SPLADE_EXPORT_PYTHON:-}" ]] || need_cache
  check_paths
  find_java
  find_jar
  find_any_python
  [[ "$SEARCHER" != pyserini ]] || find_pyserini
  make_work_folder
  copy_pipes
  KIND=()
  [[ -z "$BM25" ]] || KIND+=(--bm25 "$BM25")
  python_step prepare --topics "$TOPICS" --qrels "$QRELS" --index "$INDEX" --tsv "$WORK/topics.tsv" ${KIND[@]+"${KIND[@]}"}
  if $REMOVE_QUERY; then KIND+=(--remove-query); fi
  "search_$SEARCHER"
  mv -f -- "$UNFINISHED_RUN" "$RUN"
  python_step score --topics "$TOPICS" --qrels "$QRELS" --run "$RUN" --hits "$HITS" --searcher "$SEARCHER" \
    --threads "$THREADS" --timing "$WORK/timing.json" ${BM25:+--bm25 "$BM25"} ${JSON:+--json "$JSON"} \
    ${PER_QUERY:+--per-query "$PER_QUERY"}
}

main "$@"
