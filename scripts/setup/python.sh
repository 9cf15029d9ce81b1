# shellcheck shell=bash disable=SC2034
# A Python environment in which Pyserini searches. Its Python files came with Anserini's jar.
GROUP=default
SUMMARY="a Python environment in which Pyserini 1.6.0 searches; needs Python 3.11 or newer"
SIZE="18 MB"
PACKAGES="numpy, pyjnius, tqdm"
FOLDER=python
FILE=bin/python
NEEDS="java anserini"

stamp() {
  echo "$(uname -sm) $(with_piece anserini stamp) $(sha256_of "$REQUIREMENTS/python.txt")" \
    "$(sha256_of "$STAND_INS/pyserini_standins.py")"
}

install() {
  find_host_python 11
  local packages
  new_venv "$WORK/piece"
  install_requirements "$WORK/piece" "$REQUIREMENTS/python.txt"
  packages="$(packages_of "$WORK/piece")"
  cp -R "$(piece_folder anserini)/python/pyserini" "$packages/"
  cp "$STAND_INS/pyserini_standins.py" "$packages/"
  echo "import pyserini_standins" >"$packages/pyserini_standins.pth"
  pyserini_environment "$(piece_file java)" "$(piece_file anserini)"
  check_import "$WORK/piece" pyserini.search.lucene
  seal_venv "$WORK/piece"
}

environment() { print_variable SPLADE_EXPORT_PYTHON "$(piece_file python)"; }
