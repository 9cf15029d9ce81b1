# shellcheck shell=bash disable=SC2034
# ONNX Runtime's CUDA execution provider without CUDA. The tests run it on a stand-in.
GROUP=development
SUMMARY="ONNX Runtime's CUDA execution provider alone, to test it on a stand-in for CUDA; Linux on x86_64 alone, the tests need cc"
SIZE="260 MB"
PACKAGES=onnxruntime-gpu
FOLDER=cuda-provider
FILE=libonnxruntime.so
NEEDS=""
PIN="$(pins onnxruntime-gpu)"
VERSION="$(version_in "$PIN" onnxruntime-gpu)"
PIN="onnxruntime-gpu==${PIN##*onnxruntime-gpu==}"

stamp() { echo "$PIN"; }

install() {
  [[ "$(uname -sm)" == "Linux x86_64" ]] || fail "ONNX Runtime for GPUs is not pinned for $(uname -sm)" \
    "leave this piece out: the tests that need it say that they are skipped"
  find_host_python 8
  requirements_of "$PIN" >"$WORK/requirements.txt"
  pip_quiet "$HOST_PYTHON" -m pip download --no-deps --require-hashes --no-cache-dir --only-binary=:all: \
    --python-version 3.11 --platform manylinux_2_28_x86_64 --dest "$WORK/fetched" --requirement "$WORK/requirements.txt"
  unzip_wheel "$WORK/fetched/"*.whl "$WORK/wheel"
  local library=libonnxruntime.so.$VERSION
  mkdir -p "$WORK/piece"
  mv "$WORK/wheel/onnxruntime/capi/"{"$library",libonnxruntime_providers_cuda.so,libonnxruntime_providers_shared.so} \
    "$WORK/piece/"
  ln -s "$library" "$WORK/piece/$FILE"
}

environment() { print_variable SPLADE_EXPORT_CUDA_PROVIDER "$(piece_folder cuda-provider)"; }
