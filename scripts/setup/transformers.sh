# shellcheck shell=bash disable=SC2034
# Hugging Face transformers and torch.
GROUP=development
SUMMARY="Hugging Face transformers and torch, to compare the weights with; Linux on x86_64 alone, needs readelf and cc"
SIZE="620 MB"
PACKAGES="transformers, torch"
FOLDER=transformers
FILE=bin/python
NEEDS=""

stamp() { echo "$(sha256_of "$REQUIREMENTS/transformers.txt") $(sha256_of "$STAND_INS/torch_standins.py")"; }

install() {
  [[ "$(uname -sm)" == "Linux x86_64" ]] || fail "torch is not pinned for $(uname -sm)" \
    "leave this piece out: only the comparison with transformers and scripts/bench/encoder.sh need it"
  find_host_python 11
  local tool
  for tool in readelf cc; do
    command -v "$tool" >/dev/null || fail "$tool was not found" "on Debian or Ubuntu: apt install gcc binutils"
  done
  new_venv "$WORK/piece"
  install_requirements "$WORK/piece" "$REQUIREMENTS/transformers.txt"
  "$WORK/piece/bin/python" "$STAND_INS/torch_standins.py" "$(packages_of "$WORK/piece")"
  check_import "$WORK/piece" transformers.modeling_utils
  seal_venv "$WORK/piece"
}

environment() { print_variable SPLADE_EXPORT_TRANSFORMERS "$(piece_file transformers)"; }
