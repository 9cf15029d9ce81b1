# shellcheck shell=bash disable=SC2034
# The builder of Python wheels.
GROUP=development
SUMMARY="maturin, which builds the Python wheel"
SIZE="30 MB"
PACKAGES=maturin
FOLDER=maturin
FILE=maturin
NEEDS=""
PIN="maturin==1.16.0
  --hash=sha256:837db2f4d93d4899c3ac393fb3cc9eebf35b6002336e5d574f4a4fb6c49fe283
  --hash=sha256:e285ec9eb10243d45d10417178cb2eb76e0cbb184d0aa4378b503489fa12ee78"

stamp() { echo "$(uname -sm) $PIN"; }

install() {
  find_host_python 11
  detect_platform
  [[ "$PLATFORM" == Linux-* ]] || fail "maturin is not pinned for $PLATFORM" "use a Linux machine to build wheels"
  fetch_wheel "$PIN" "$(platform_tag manylinux2014)"
  unzip_wheel "$FETCHED" "$WORK/wheel"
  mkdir "$WORK/piece"
  mv "$WORK/wheel/"*.data/scripts/maturin "$WORK/piece/"
  chmod +x "$WORK/piece/maturin"
}

# Only scripts/build_wheel.sh calls it, by its place in the cache.
environment() { :; }
