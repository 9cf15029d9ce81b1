# shellcheck shell=bash
# Helpers shared by the benchmarks in this folder. Sourced after ../lib.sh, never run.

# made_checkpoint SIZE: sets MADE_CHECKPOINT to a model of that size with random weights, made once.
made_checkpoint() {
  MADE_CHECKPOINT="$CACHE/bench-models/made-$1"
  [[ -d "$MADE_CHECKPOINT" ]] && return
  say "making a checkpoint of the size of $1"
  mkdir -p "$CACHE/bench-models"
  "$(piece_file transformers)" "$SCRIPTS/bench/made_checkpoint.py" "$1" "$SCRIPTS/../fixtures/corpus.jsonl" \
    "$(piece_folder model)/tokenizer.json" "$MADE_CHECKPOINT" >&2 || fail "the checkpoint could not be made"
}
