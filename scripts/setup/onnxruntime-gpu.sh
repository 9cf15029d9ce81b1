# shellcheck shell=bash disable=SC2034
# ONNX Runtime with its CUDA execution provider, and what that calls.
GROUP=gpu
SUMMARY="ONNX Runtime with its CUDA execution provider, CUDA 13 and cuDNN 9; Linux on x86_64 alone"
SIZE="1.4 GB"
PACKAGES="onnxruntime-gpu, nvidia-*"
FOLDER=onnxruntime-gpu
FILE=libonnxruntime.so
NEEDS=""
PIN="$(pins onnxruntime-gpu)"
VERSION="$(version_in "$PIN" onnxruntime-gpu)"

stamp() { echo "$PIN"; }

# Puts the providers beside the library, and into `cuda` what those call: the program finds both there.
install() {
  [[ "$(uname -sm)" == "Linux x86_64" ]] || fail "ONNX Runtime for GPUs is not pinned for $(uname -sm)" \
    "encode on the CPU: leave out --device cuda"
  if install_with_program onnxruntime-gpu; then return; fi
  find_host_python 8
  requirements_of "$PIN" >"$WORK/requirements.txt"
  pip_quiet "$HOST_PYTHON" -m pip download --no-deps --require-hashes --no-cache-dir \
    --only-binary=:all: --python-version 3.11 --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 \
    --platform manylinux_2_17_x86_64 --platform manylinux_2_12_x86_64 --platform manylinux_2_5_x86_64 \
    --dest "$WORK/fetched" --requirement "$WORK/requirements.txt"
  local wheel library=libonnxruntime.so.$VERSION
  for wheel in "$WORK/fetched/"*.whl; do
    unzip_wheel "$wheel" "$WORK/wheel"
    # Removes each wheel at once, because they are large.
    rm -f "$wheel"
  done
  mkdir -p "$WORK/piece/cuda" "$WORK/piece/licenses"
  mv "$WORK/wheel/onnxruntime/capi/"{"$library",libonnxruntime_providers_cuda.so,libonnxruntime_providers_shared.so} \
    "$WORK/piece/"
  ln -s "$library" "$WORK/piece/$FILE"
  find "$WORK/wheel/nvidia" -name 'lib*.so*' -type f -exec mv {} "$WORK/piece/cuda/" \;
  keep_licenses
}

keep_licenses() {
  local license package
  for license in "$WORK/wheel/"*.dist-info/LICENSE* "$WORK/wheel/"*.dist-info/licenses/* "$WORK/wheel/onnxruntime/"LICENSE; do
    [[ -f "$license" ]] || continue
    package="${license#"$WORK/wheel/"}"
    mv "$license" "$WORK/piece/licenses/${package%%[-/]*}-${license##*/}"
  done
}

# The program looks for this library in the cache itself.
environment() { :; }
