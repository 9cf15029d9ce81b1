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
VERSION=1.32.0
# Every CPython's wheel carries the same library, so the one for 3.11 is taken whatever Python runs here.
PIN="onnxruntime==$VERSION
  --hash=sha256:5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d
  --hash=sha256:2303372a85299b6757b0e11e1cbf13e410ddf7e10c37f4b37e99d1c90e7daf7c
  --hash=sha256:366b9e53d07812cc5c92822cecf7563b76a8a0f32ba3bb8dd232a206ac3bcb6c"

stamp() { echo "$(uname -sm) $PIN"; }

install() {
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
