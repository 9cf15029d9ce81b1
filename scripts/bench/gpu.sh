#!/usr/bin/env bash
# Checks and measures splade-export on an NVIDIA GPU, without network, from files that were carried there.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"

usage() {
  cat <<'HELP'
Checks on a GPU that the weights are those of the CPU and that what can go wrong is told, then measures documents/s at 64,
128, 256 and 512 tokens, their share of the rate at which the GPU multiplies matrices, sentence-transformers beside them,
and where the time goes.

Usage: scripts/bench/gpu.sh --pack FOLDER [--piece-size MB] [--with-cuda] [--corpus DIR]
                                                     here, with network: puts all that is needed in files of at most so many
                                                     MB, and FOLDER/unpack.sh beside them
       FOLDER/unpack.sh TARGET                       there: checks the files and makes the folder TARGET; needs xz
       TARGET/scripts/bench/gpu.sh [OPTION...]       there, with a GPU and its driver, without network
       scripts/bench/gpu.sh [OPTION...]              all on one machine

Options of --pack
  --piece-size MB    (default: 50)
  --with-cuda        with CUDA's libraries (1.0 GB more). Without, those of that machine's Python are used, where a
                     package such as torch has brought them
  --corpus DIR       a BEIR dataset on which fp16 and fp32 are compared (default: the fixtures)

Options there
  --steps LIST       of device, weights, kernels, architectures, options, rates, peer, batches, corpus
                     (default: all, in about ten minutes; each writes its results at once)
  --sizes LIST       of bert-base, distilbert, modernbert: checkpoints with random weights, made there once, which needs
                     torch and transformers (default: all)
  --documents N      of 256 tokens in a repetition, of others in proportion (default: 10000)
  --repetitions N    (default: 2)
  --device DEVICE    (default: cuda; cpu tries out the steps where there is no GPU)
  --output DIR       for results.json, summary.md and the runs' files; must not exist
                     (default: out/bench-gpu/ and the time)
  --help             this text

Example
  scripts/bench/gpu.sh --pack gpu && rsync -a gpu/ gpu-machine:gpu/
  ssh gpu-machine 'gpu/unpack.sh splade && splade/scripts/bench/gpu.sh'
HELP
}

parse() {
  ROOT="$(cd -- "$SCRIPTS/.." && pwd)" PACK="" PIECE_SIZE=50 WITH_CUDA=false CORPUS=""
  STEPS=device,weights,kernels,architectures,options,rates,peer,batches,corpus
  SIZES=bert-base,distilbert,modernbert DOCUMENTS=10000 REPETITIONS=2 DEVICE=cuda OUTPUT=""
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --help | -h) usage; exit 0 ;;
      --with-cuda) WITH_CUDA=true; shift; continue ;;
      --pack | --piece-size | --corpus | --steps | --sizes | --documents | --repetitions | --device | --output)
        need_value "$1" $# ;;
      *) usage_error "unknown argument '$1'" ;;
    esac
    case "$1" in
      --pack) PACK="$2" ;;
      --piece-size) need_integer "$1" "$2"; PIECE_SIZE="$2" ;;
      --corpus) CORPUS="$2" ;;
      --steps) STEPS="$2" ;;
      --sizes) SIZES="$2" ;;
      --documents) need_integer "$1" "$2"; DOCUMENTS="$2" ;;
      --repetitions) need_integer "$1" "$2"; REPETITIONS="$2" ;;
      --device) DEVICE="$2" ;;
      --output) OUTPUT="$2" ;;
    esac
    shift 2
  done
  [[ -z "$CORPUS" || -f "$CORPUS/corpus.jsonl" ]] || fail "$CORPUS holds no corpus.jsonl" "name a BEIR dataset's folder"
  # A packed folder brings its own.
  PACKED="$ROOT/packed"
  [[ ! -d "$PACKED" ]] || export SPLADE_EXPORT_CACHE="$PACKED" CACHE="$PACKED"
}

# Of tests/transformers, one of every kind.
ARCHITECTURES=(bert distilbert roberta xlm-roberta camembert modernbert modernbert-long gte new token-weights
  opensearch-doc-v3-gte naver-v2-max router ibm-granite pixie bert-untied-fp16)

# Where the small checkpoints of every architecture are.
architectures() { echo "$CACHE/bench-models/architectures"; }

# With network: what is missing is fetched, built and made. Sets PROGRAMS.
get_ready() {
  command -v cargo >/dev/null || fail "Rust's cargo was not found" "install Rust first: see rustup"
  "$SCRIPTS/setup.sh" onnxruntime onnxruntime-gpu model transformers
  if [[ ! -d "$(architectures)" ]]; then
    say "bench/gpu: making small checkpoints of every architecture ..."
    rm -rf "$(architectures).unfinished"
    "$(piece_file transformers)" "$ROOT/tests/transformers/make.py" "$ROOT/fixtures/corpus.jsonl" \
      "$(architectures).unfinished" >/dev/null
    mv "$(architectures).unfinished" "$(architectures)"
  fi
  build_program --bin splade-export --example device_rate --example encode_rate
  PROGRAMS=("$RELEASE/splade-export" "$RELEASE/examples/device_rate" "$RELEASE/examples/encode_rate")
}

pack() {
  [[ ! -e "$PACK" ]] || fail "$PACK exists" "name another folder with --pack"
  get_ready
  local work="$PACK/.unfinished" folder name
  mkdir -p "$work/packed/bench-models/architectures" "$work/scripts/bench"
  cp "${PROGRAMS[@]}" "$work/packed/"
  cp -R "$(piece_folder onnxruntime-gpu)" "$work/packed/"
  $WITH_CUDA || rm -r "$work/packed/onnxruntime-gpu/cuda"
  folder="$(piece_folder model)"
  mkdir -p "$work/packed/models"
  cp -RL "$folder" "$work/packed/models/"
  cp "$SCRIPTS/"{lib.sh,evaluate.py,impact_files.py,origins.py} "$work/scripts/"
  cp -R "$SCRIPTS/setup" "$work/scripts/"
  mkdir -p "$work/src/hub/wheels"
  cp "$ROOT/src/hub/wheels/pins.txt" "$work/src/hub/wheels/"
  cp "$SCRIPTS/bench/"{gpu.sh,gpu*.py,made_checkpoint.py,prepare.py,report.py,systems.py} "$work/scripts/bench/"
  for name in "${ARCHITECTURES[@]}" corpus.jsonl; do
    cp -R "$(architectures)/$name" "$work/packed/bench-models/architectures/"
  done
  cp -RL "$ROOT/fixtures" "$work/"
  [[ -z "$CORPUS" ]] || cp -RL "$CORPUS" "$work/packed/corpus"
  say "bench/gpu: compressing ..."
  tar -C "$work" -c . | xz -T0 -6 | split -b "${PIECE_SIZE}000000" -d - "$PACK/splade-export-gpu.tar.xz."
  rm -r "$work"
  (cd "$PACK" && sha256sum splade-export-gpu.tar.xz.* >sha256sums)
  write_unpack "$PACK/unpack.sh"
  say "bench/gpu: packed $(find "$PACK" -name '*.xz.*' | wc -l) files, $(du -sh "$PACK" | cut -f1); carry $PACK to the machine with the GPU and run there: $PACK/unpack.sh TARGET"
}

write_unpack() {
  cat >"$1" <<'UNPACK'
#!/usr/bin/env bash
# Joins the files beside it into a folder: unpack.sh TARGET
set -euo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
[[ $# -eq 1 && ! -e "$1" ]] || { echo "usage: unpack.sh TARGET, a folder that does not exist" >&2; exit 2; }
(cd "$here" && sha256sum --check --quiet sha256sums) ||
  { echo "error: a file is missing or was damaged on its way; carry it again" >&2; exit 1; }
mkdir -p "$1"
cat "$here"/splade-export-gpu.tar.xz.* | tar -C "$1" -xJ
echo "unpacked; run: $1/scripts/bench/gpu.sh" >&2
UNPACK
  chmod +x "$1"
}

# Names the folders of CUDA's libraries to the loader where none lie beside ONNX Runtime and the loader knows none: those
# of Python's packages.
find_cuda() {
  local folder
  folder="$(piece_folder onnxruntime-gpu)"
  if [[ -d "$folder/cuda" ]] || ldconfig -p 2>/dev/null | grep -q libcublasLt.so.13; then return; fi
  local found
  found="$("$PYTHON_ANY" - <<'PYTHON'
import site, sysconfig
from pathlib import Path

paths = sysconfig.get_paths()
folders = {Path(path) for path in (paths["purelib"], paths["platlib"], *site.getsitepackages(), site.getusersitepackages())}
print(":".join(sorted({str(library.parent) for folder in folders for library in folder.glob("nvidia/*/lib/lib*.so*")})))
PYTHON
)"
  [[ "$found" == *cu13* ]] || fail "CUDA 13's libraries were found neither in $folder nor in $PYTHON_ANY's packages" \
    "pack with --with-cuda, or install torch for CUDA 13"
  export LD_LIBRARY_PATH="$found${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
}

# Prefers a Python with torch: made checkpoints and sentence-transformers need it.
find_torch_python() {
  local candidate
  for candidate in "${PYTHON:-python3}" "$(piece_file bench)"; do
    if "$candidate" -c 'import torch, transformers' >/dev/null 2>&1; then
      PYTHON_ANY="$candidate"
      return
    fi
  done
  find_any_python
}

main() {
  parse "$@"
  if [[ -n "$PACK" ]]; then
    pack
    return
  fi
  OUTPUT="${OUTPUT:-out/bench-gpu/$(date -u +%Y-%m-%dT%H%M%S)}"
  [[ ! -e "$OUTPUT" ]] || fail "$OUTPUT exists" "name another folder with --output"
  if [[ -d "$PACKED" ]]; then
    PROGRAMS=("$PACKED/splade-export" "$PACKED/device_rate" "$PACKED/encode_rate")
    [[ ! -d "$PACKED/corpus" ]] || CORPUS="${CORPUS:-$PACKED/corpus}"
  else
    get_ready
  fi
  find_torch_python
  [[ "$DEVICE" == cpu ]] || find_cuda
  # The program finds the libraries in the cache; these would come before them.
  unset ORT_DYLIB_PATH
  export PYTHONDONTWRITEBYTECODE=1
  "$PYTHON_ANY" "$SCRIPTS/bench/gpu.py" --program "${PROGRAMS[0]}" --device-rate "${PROGRAMS[1]}" \
    --encode-rate "${PROGRAMS[2]}" --model "$(piece_folder model)" --fixtures "$ROOT/fixtures" --corpus "${CORPUS:-$ROOT/fixtures}" \
    --architectures "$(architectures)" --names "$(IFS=,; echo "${ARCHITECTURES[*]}")" --made "$CACHE/bench-models" \
    --output "$OUTPUT" --steps "$STEPS" --sizes "$SIZES" --documents "$DOCUMENTS" \
    --repetitions "$REPETITIONS" --device "$DEVICE"
  say "bench/gpu: everything is in $OUTPUT"
}

main "$@"
