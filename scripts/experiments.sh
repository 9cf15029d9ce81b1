# shellcheck shell=bash
# What compare.sh and reproduce.sh share: a dataset is encoded once for each setting of the encoder, and every row of the
# result is a conversion of that. Sourced after lib.sh, never run.
#
# They set OUTPUT, the folder of the experiment; DATA, a BEIR dataset; QRELS, its judgments; MODEL and MAX_LENGTH.

# Sets up what an experiment needs, and TOOL, the program, with the examples that are named.
prepare_experiment() {
  "$SCRIPTS/setup.sh" onnxruntime model java anserini python
  eval "$("$SCRIPTS/setup.sh" --print-env)"
  find_java
  find_jar
  find_any_python
  local examples=() example
  for example in "$@"; do examples+=(--example "$example"); done
  build_program --bins ${examples[@]+"${examples[@]}"}
  # shellcheck disable=SC2034  # used by the scripts that source this file
  TOOL="$RELEASE/splade-export"
}

# claim_output ARGUMENT...: takes OUTPUT for an experiment with these arguments, which goes on where an earlier one with the
# same arguments ended.
claim_output() {
  local mark="$OUTPUT/.experiment" arguments
  arguments="$(printf '%s\n' "$@")"
  if [[ -e "$OUTPUT" ]]; then
    [[ -f "$mark" ]] || fail "$OUTPUT exists and is no earlier run of this script" "name another folder: --output DIR"
    [[ "$(cat "$mark")" == "$arguments" ]] ||
      fail "$OUTPUT holds a run with other arguments" "name another folder: --output DIR, or remove this one"
  fi
  mkdir -p "$OUTPUT"
  printf '%s\n' "$arguments" >"$mark"
}

# timed FILE COMMAND...: runs it, unless an earlier run did; FILE then has its seconds (with the processor's and the peak
# memory, see bench/measure.py). The log of a command that failed is printed.
timed() {
  local file="$1" log="$1.log"
  shift
  [[ ! -f "$file" ]] || return 0
  mkdir -p "$(dirname -- "$file")"
  "$PYTHON_ANY" -B "$SCRIPTS/bench/measure.py" "$file.new" "$@" >"$log" 2>&1 || {
    tail -n 20 -- "$log" | cut -c1-300 >&2
    fail "$(basename -- "$1") failed"
  }
  mv -- "$file.new" "$file"
}

# encode NAME OPTION...: float weights of the documents, in OUTPUT/NAME.
encode() {
  local name="$1"
  shift
  say "encoding the documents: $name"
  timed "$OUTPUT/times/$name" "$TOOL" documents "$DATA" --step none --resume --quiet --output "$OUTPUT/$name" \
    --model "$MODEL" --max-length "$MAX_LENGTH" "$@"
}

# search_impacts NAME WEIGHTS CONVERT_OPTIONS TOPICS_OPTIONS: the index of weights that are converted with these options
# (one string each), searched with topics of the others. The results are in OUTPUT/NAME.
search_impacts() {
  local name="$1" folder="$OUTPUT/$1" convert topics
  read -r -a convert <<<"$3"
  read -r -a topics <<<"$4"
  [[ ! -f "$folder/scores.json" ]] || return 0
  say "indexing and searching: $name"
  timed "$OUTPUT/times/$name" "$TOOL" convert "$OUTPUT/$2" --resume --quiet --index "$folder/index" "${convert[@]}"
  rm -f -- "$folder/topics.tsv" "$folder/topics.tsv.manifest.json"
  "$TOOL" topics "$DATA" --quiet --output "$folder/topics.tsv" --model "$MODEL" --max-length "$MAX_LENGTH" "${topics[@]}"
  score "$folder" --topics "$folder/topics.tsv"
}

# score FOLDER OPTION...: searches FOLDER/index, and leaves run.txt, per-query.tsv and, last, scores.json.
score() {
  local folder="$1"
  shift
  "$SCRIPTS/evaluate.sh" --index "$folder/index" --qrels "$QRELS" --run "$folder/run.txt" --remove-query --overwrite \
    --per-query "$folder/per-query.tsv" --json "$folder/scores.new" "$@" >"$folder/evaluate.log" 2>&1 || {
    tail -n 20 -- "$folder/evaluate.log" | cut -c1-300 >&2
    fail "the search in $folder failed"
  }
  mv -- "$folder/scores.new" "$folder/scores.json"
}
