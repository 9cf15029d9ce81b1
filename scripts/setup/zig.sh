# shellcheck shell=bash disable=SC2034
# A C compiler and linker for an older glibc than this machine's.
GROUP=development
SUMMARY="Zig and cargo-zigbuild, which link for the glibc that a published wheel promises"
SIZE="340 MB"
PACKAGES="ziglang, cargo-zigbuild"
FOLDER=zig
FILE=bin/zig
NEEDS="maturin"
PIN="ziglang==0.17.1
  --hash=sha256:ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54
  --hash=sha256:b7c5f02fccd40f89b999ee16a1f5ddced56e6182370f8affe494bcf8a28cf07e"
CARGO_PIN="cargo-zigbuild==0.24.1
  --hash=sha256:238a1ab54a95053a4eadc34775c81f795a8ad75f80bfed63f3f445f518102375
  --hash=sha256:07c5e3dcddf208500462ec927c556bb306cca2b533b0abe29446bffb63767b85"

stamp() { echo "$(uname -sm) $PIN $CARGO_PIN"; }

install() {
  find_host_python 11
  detect_platform
  [[ "$PLATFORM" == Linux-* ]] || fail "Zig is not pinned for $PLATFORM" "use a Linux machine to build wheels"
  mkdir -p "$WORK/piece/bin"
  fetch_wheel "$PIN" "$(platform_tag manylinux2014)"
  unzip_wheel "$FETCHED" "$WORK/zig"
  mv "$WORK/zig/ziglang" "$WORK/piece/"
  chmod +x "$WORK/piece/ziglang/zig"
  ln -s ../ziglang/zig "$WORK/piece/bin/zig"
  fetch_wheel "$CARGO_PIN" "$(platform_tag manylinux2014)"
  unzip_wheel "$FETCHED" "$WORK/cargo-zigbuild"
  mv "$WORK/cargo-zigbuild/"*.data/scripts/cargo-zigbuild "$WORK/piece/bin/"
  chmod +x "$WORK/piece/bin/cargo-zigbuild"
}

# Only scripts/build_wheel.sh calls it, by its place in the cache.
environment() { :; }
