# shellcheck shell=bash disable=SC2034
# Readers of other people, with which the tests read what splade-export wrote for other engines.
GROUP=development
SUMMARY="other people's readers of CIFF, npz and Seismic, to read what splade-export wrote; Linux on x86_64 alone"
SIZE="90 MB"
PACKAGES="ciff-toolkit, lsr-benchmark, pyseismic-lsr, scipy"
FOLDER=readers
FILE=bin/python
NEEDS=""

stamp() { sha256_of "$REQUIREMENTS/readers.txt"; }

install() {
  [[ "$(uname -sm)" == "Linux x86_64" ]] || fail "these readers are not pinned for $(uname -sm)" \
    "leave this piece out: the tests that need it say that they are skipped"
  find_host_python 11
  new_venv "$WORK/piece"
  install_requirements "$WORK/piece" "$REQUIREMENTS/readers.txt"
  check_import "$WORK/piece" ciff_toolkit.read lsr_benchmark.irds scipy.sparse seismic
  seal_venv "$WORK/piece"
}

environment() { print_variable SPLADE_EXPORT_FORMATS_PYTHON "$(piece_file readers)"; }
