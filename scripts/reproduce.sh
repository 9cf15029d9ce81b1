#!/usr/bin/env bash
# Repeats published results: fetches BEIR datasets and a model, encodes, indexes, searches, and compares.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=experiments.sh
. "$SCRIPTS/experiments.sh"

usage() {
  cat <<HELP
Fetches BEIR datasets and a model, encodes, indexes, searches through Pyserini, and prints nDCG@10 and
latency beside the published value, with the difference and the time: max as it was published
(weight / 5 x 256), max with a step of 0.1, and sum.

Usage: scripts/reproduce.sh [DATASET...] [OPTION...]

  DATASET  $(names)
           (default: trec-covid scifact nfcorpus fiqa arguana)

Options
  --model MODEL     a model folder, or a name on the Hugging Face hub
                    (default: naver/splade-cocondenser-ensembledistil, whose values were published)
  --max-length N    tokens of a text (default: 512)
  --output DIR      where everything goes (default: out/reproduce); an interrupted run goes on there
  --help            this text

Environment
  BEIR_URL  where NAME.zip is fetched (default: $DEFAULT_URL)

Datasets are kept in the cache, and are whole when their MD5 is that of BEIR's list. Encoding wants a
GPU for the larger ones.

Example
  scripts/reproduce.sh scifact
HELP
}

DEFAULT_URL=https://public.ukp.informatik.tu-darmstadt.de/thakur/BEIR/datasets
PUBLISHED_MODEL=naver/splade-cocondenser-ensembledistil

# Name of a dataset, MD5 of its archive in BEIR's list, and nDCG@10 of the default model, in Anserini's regressions.
datasets() {
  cat <<'TABLE'
trec-covid       ce62140cb23feb9becf6270d0d1fe6d1 .7270
nfcorpus         a89dba18a62ef92f7d323ec890a0d38d .3473
nq               d4d3d2e48787a744b6f6e691ff534307 .5372
hotpotqa         f412724f78b0d91183a0e86805e16114 .6868
fiqa             17918ed23cd04fb15047f73e6c3bd9d9 .3473
arguana          8ad3e3c2a5867cdced806d6503f29b99 .5218
webis-touche2020 46f650ba5a527fc69e0a6521c5a23563 .2464
quora            18fb154900ba42a600f84b839c173167 .8344
dbpedia-entity   c2a39eb420a3164af735795df012ac2c .4374
scidocs          38121350fc3a4d2f48850f6aff52e4a9 .1588
fever            5a818580227bfb4b35bb6fa46d9b6c03 .7879
climate-fever    8b66f0a9126c521bae2bde127b4dc99d .2298
scifact          5f7d1de60b170fc8027bb7898e2efca1 .7036
TABLE
}

names() { datasets | awk '{ printf "%s%s", (NR > 1 ? " " : ""), $1 }'; }

# fact NAME COLUMN: what the table says of a dataset.
fact() { datasets | awk -v name="$1" -v column="$2" '$1 == name { print $column }'; }

parse_arguments() {
  MODEL="$PUBLISHED_MODEL" MAX_LENGTH=512 OUTPUT=out/reproduce NAMES=()
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --help | -h) usage; exit 0 ;;
      --model) need_value "$1" $#; MODEL="$2"; shift ;;
      --max-length) need_value "$1" $#; need_integer "$1" "$2"; MAX_LENGTH="$2"; shift ;;
      --output) need_value "$1" $#; OUTPUT="$(as_path "${2%/}")"; shift ;;
      -*) usage_error "unknown option '$1'" ;;
      *)
        [[ -n "$(fact "$1" 1)" ]] || usage_error "there is no dataset '$1' (datasets: $(names))"
        NAMES+=("$1")
        ;;
    esac
    shift
  done
  [[ ${#NAMES[@]} -gt 0 ]] || NAMES=(trec-covid scifact nfcorpus fiqa arguana)
}

md5_of() { "$PYTHON_ANY" -c 'import hashlib, sys
digest = hashlib.md5()
with open(sys.argv[1], "rb") as file:
    while chunk := file.read(1 << 20):
        digest.update(chunk)
print(digest.hexdigest())' "$1"; }

# fetch NAME: sets DATA to the unpacked dataset. What was fetched of an archive is kept, and the rest is fetched later.
fetch() {
  local name="$1" url="${BEIR_URL:-$DEFAULT_URL}/$1.zip" archive="$CACHE/beir/$1.zip" found
  DATA="$OUTPUT/$name/dataset"
  [[ ! -f "$DATA/qrels/test.tsv" ]] || return 0
  mkdir -p "$CACHE/beir"
  if [[ ! -f "$archive" ]]; then
    say "fetching $url"
    curl --fail --silent --show-error --location --retry 3 --continue-at - --output "$archive.part" "$url" ||
      fail "$url cannot be fetched" "connect to a network that has it, name another place in BEIR_URL, or put the archive at $archive"
    mv -- "$archive.part" "$archive"
  fi
  found="$(md5_of "$archive")"
  [[ "$found" == "$(expected_md5 "$name")" ]] ||
    fail "$archive has the MD5 $found, where BEIR's list has $(expected_md5 "$name")" "remove it and run this script again"
  mkdir -p "$OUTPUT/$name"
  rm -rf -- "$OUTPUT/$name/unpacked"
  "$PYTHON_ANY" -B "$SCRIPTS/compare.py" unpack "$archive" "$OUTPUT/$name/unpacked"
  mv -- "$OUTPUT/$name/unpacked" "$DATA"
}

# The tests serve a dataset of their own, and say its MD5.
expected_md5() { echo "${SPLADE_EXPORT_TEST_MD5:-$(fact "$1" 2)}"; }

# The model by its name, in the hub's cache or from the hub, before anything is computed.
fetch_model() {
  [[ -d "$MODEL" ]] || "$TOOL" model "$MODEL" >&2 ||
    fail "the model $MODEL cannot be had" "connect to the hub, or name a folder that holds it: --model DIR"
}

reproduce() {
  local name="$1" root="$OUTPUT" published="–"
  [[ "$MODEL" != "$PUBLISHED_MODEL" ]] || published="$(fact "$name" 3)"
  fetch "$name"
  # shellcheck disable=SC2034  # used by experiments.sh
  QRELS="$DATA/qrels/test.tsv"
  OUTPUT="$root/$name"
  encode max-weights --aggregation max
  encode sum-weights --aggregation sum
  search_impacts max-anserini max-weights "--preset anserini" "--aggregation max --preset anserini"
  search_impacts max-0.1 max-weights "--step 0.1" "--aggregation max --step 0.1"
  search_impacts sum-0.1 sum-weights "--step 0.1" "--aggregation sum --step 0.1"
  OUTPUT="$root"
  result "$name" max-anserini "max, weight / 5 x 256" max-weights "$published"
  result "$name" max-0.1 "max, step 0.1" max-weights "$published"
  result "$name" sum-0.1 "sum, step 0.1" sum-weights "$published"
}

# result DATASET FOLDER SYSTEM WEIGHTS PUBLISHED: a line of the table.
result() {
  "$PYTHON_ANY" - "$OUTPUT/$1" "$@" <<'PYTHON'
import json, sys
from pathlib import Path

folder, dataset, place, system, weights, published = sys.argv[1:]
folder = Path(folder)
scores = json.loads((folder / place / "scores.json").read_text())
ndcg, latency = scores["measures"]["nDCG@10"], scores["latency_ms"]["mean"]
times = [float((folder / "times" / name).read_text().split()[2]) for name in (weights, place)]
difference = "–" if published == "–" else f"{ndcg - float(published):+.4f}"
shown = published if published == "–" else f"{float(published):.4f}"
print(f"{dataset:<17}{system:<23}{ndcg:8.4f}{shown:>11}{difference:>12}{latency:9.1f} ms{sum(times):10.1f} s")
PYTHON
}

main() {
  parse_arguments "$@"
  need_cache
  command -v curl >/dev/null || fail "curl was not found" "install curl"
  find_any_python
  # shellcheck disable=SC2119  # no examples are needed
  prepare_experiment
  claim_output reproduce "$MODEL" "$MAX_LENGTH"
  local name
  for name in "${NAMES[@]}"; do fetch "$name"; done
  fetch_model
  printf '%-17s%-23s%8s%11s%12s%12s%12s\n' dataset system nDCG@10 published difference latency time
  for name in "${NAMES[@]}"; do reproduce "$name"; done
}

main "$@"
