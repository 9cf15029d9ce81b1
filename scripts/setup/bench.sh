# shellcheck shell=bash disable=SC2034
# The peers that scripts/bench/encoder.sh measures. There are two environments, because optimum, which the backends
# onnx and openvino need, does not go with the newest transformers.
GROUP=development
SUMMARY="the peers of scripts/bench/encoder.sh: sentence-transformers with its onnx and openvino backends"
SIZE="230 MB"
PACKAGES="sentence-transformers, optimum, openvino"
FOLDER=bench
FILE=optimum/bin/python
NEEDS=transformers

stamp() { echo "$(sha256_of "$REQUIREMENTS/bench-latest.txt") $(sha256_of "$REQUIREMENTS/bench-optimum.txt")"; }

install() {
  find_host_python 11
  mkdir "$WORK/piece"
  bench_venv latest sentence_transformers onnxruntime
  bench_venv optimum sentence_transformers optimum.onnxruntime optimum.intel
}

# bench_venv NAME MODULE...: what the environment lacks, torch above all, it takes from the piece transformers.
bench_venv() {
  local venv="$WORK/piece/$1" packages="$REQUIREMENTS/bench-$1.txt"
  shift
  new_venv "$venv"
  packages_of "$(piece_folder transformers)" >"$(packages_of "$venv")/transformers_piece.pth"
  install_requirements "$venv" "$packages"
  check_import "$venv" "$@"
  seal_venv "$venv"
}

# Only scripts/bench/encoder.sh calls it, by its place in the cache.
environment() { :; }
