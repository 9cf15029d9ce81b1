# shellcheck shell=bash disable=SC2034
# ONNX Runtime's shared library.
GROUP=default
SUMMARY="ONNX Runtime's shared library, which runs the model"
SIZE="28 MB"
PACKAGES=onnxruntime
FOLDER=onnxruntime
# One name on every platform and for every version: that is where the program looks.
FILE=libonnxruntime.so
NEEDS=""
PIN="$(pins onnxruntime)"
VERSION="$(version_in "$PIN" onnxruntime)"

stamp() { echo "$(uname -sm) $PIN"; }

install() {
  if install_with_program onnxruntime; then return; fi
  detect_platform
  find_host_python 8
  fetch_wheel "$PIN" "$(platform_tag manylinux_2_28 macosx_14_0_arm64)"
  unzip_wheel "$FETCHED" "$WORK/wheel"
  local library=libonnxruntime.so.$VERSION
  [[ "$PLATFORM" != Darwin-* ]] || library=libonnxruntime.$VERSION.dylib
  mkdir "$WORK/piece"
  mv "$WORK/wheel/onnxruntime/capi/$library" "$WORK/wheel/onnxruntime/LICENSE" \
    "$WORK/wheel/onnxruntime/ThirdPartyNotices.txt" "$WORK/piece/"
  ln -s "$library" "$WORK/piece/$FILE"
}

environment() { print_variable ORT_DYLIB_PATH "$(piece_file onnxruntime)"; }
