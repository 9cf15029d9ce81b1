#!/usr/bin/env bash
# Tests the NEON kernels of the screened head on an emulated 64-bit Arm processor.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'HELP'
Builds the screened head and its tests for 64-bit Arm and runs them under emulation (qemu-user), once on a processor
with the dot product extension and once without.

Needs Debian on x86-64 and Rust's cargo. Takes the cross compiler and the emulator from the system, or installs them
when it runs as root. A Rust compiler with the standard library for both processors is unpacked from packages of
Debian's unstable release into the cache folder (270 MB to download, once); nothing else of that release is used.

Usage: scripts/test_aarch64.sh [ARGUMENT...]

  ARGUMENT  passed on to the tests, for example a part of a test's name

Example
  PROPTEST_CASES=64 scripts/test_aarch64.sh kernels
HELP
}

TARGET=aarch64-unknown-linux-gnu
# The folder of a cross compiler's C library.
ARM_ROOT=/usr/aarch64-linux-gnu
FOLDER="$CACHE/aarch64"
RUST="$FOLDER/rust"
CRATE="$FOLDER/kernels"

main() {
  case "${1:-}" in
    --help | -h) usage; exit 0 ;;
  esac
  cd -- "$SCRIPTS/.."
  [[ "$(uname -sm)" == "Linux x86_64" ]] || fail "this script cross-compiles from Linux on x86-64, not $(uname -sm)"
  command -v apt-get >/dev/null || fail "apt-get was not found" "run it on Debian"
  install_system_tools
  [[ -x "$RUST/bin/rustc" ]] || unpack_rust
  make_crate
  # Emulation is slow: fewer cases than in the ordinary tests, which use all of them on the portable kernel.
  export PROPTEST_CASES="${PROPTEST_CASES:-16}"
  run_tests max "neon-dotprod neon portable" "$@"
  run_tests cortex-a72 "neon portable" "$@"
}

install_system_tools() {
  if command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64 >/dev/null && [[ -d "$ARM_ROOT" ]]; then
    return
  fi
  local packages=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user)
  [[ "$(id -u)" -eq 0 ]] || fail "the cross compiler or the emulator is missing" "install them: apt-get install ${packages[*]}"
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
}

# Unpacks a Rust compiler and both standard libraries; the system's packages stay as they are.
unpack_rust() {
  local apt="$FOLDER/apt" mirror package
  # shellcheck disable=SC2016  # apt expands it
  mirror="$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v -- -security | head -n 1)"
  [[ -n "$mirror" ]] || fail "apt names no Debian mirror" "run: apt-get update"
  say "unpacking a Rust compiler for 64-bit Arm"
  mkdir -p "$apt/state/lists/partial" "$apt/archives/partial"
  : >"$apt/status"
  printf 'deb [arch=amd64,arm64] %s sid main\n' "$mirror" >"$apt/sources.list"
  cat >"$apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/nonexistent";
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
APT::Sandbox::User "root";
APT::Architecture "amd64";
APT::Architectures {"amd64"; "arm64";};
CONF
  APT_CONFIG="$apt/apt.conf" apt-get update -qq
  APT_CONFIG="$apt/apt.conf" apt-get install -y -qq --download-only --no-install-recommends \
    rustc:amd64 libstd-rust-dev:amd64 libstd-rust-dev:arm64 >/dev/null
  rm -rf "$RUST"
  mkdir -p "$RUST/bin"
  for package in "$apt"/archives/*_amd64.deb "$apt"/archives/libstd-rust-dev_*_arm64.deb; do
    dpkg -x "$package" "$RUST"
  done
  rm -rf "$apt"
  # The compiler runs with the C library that it was built for, whatever the system's.
  cat >"$RUST/bin/rustc" <<WRAPPER
#!/bin/sh
exec "$RUST/usr/lib64/ld-linux-x86-64.so.2" --library-path "$RUST/usr/lib/x86_64-linux-gnu:$RUST/usr/lib" \\
  "$RUST/usr/bin/rustc" --sysroot "$RUST/usr" "\$@"
WRAPPER
  chmod +x "$RUST/bin/rustc"
}

# Makes a crate of the screened head alone: the whole library would be compiled for nothing.
make_crate() {
  mkdir -p "$CRATE/src"
  cp Cargo.lock "$CRATE/Cargo.lock"
  {
    printf '[package]\nname = "splade-export"\nversion = "0.1.0"\nedition = "2024"\n\n[workspace]\n\n'
    printf '[profile.dev]\nopt-level = 2\ndebug = false\n\n[dependencies]\n'
    grep -E '^(rayon|thiserror) = ' Cargo.toml
    printf '\n[dev-dependencies]\n'
    grep -E '^proptest = ' Cargo.toml
  } >"$CRATE/Cargo.toml"
  cat >"$CRATE/src/lib.rs" <<SOURCE
#[path = "$PWD/src/screened_head/mod.rs"]
pub mod screened_head;

#[test]
fn the_processor_has_the_kernels_under_test() {
    let kinds = screened_head::KernelKind::ALL.into_iter();
    let names = kinds.filter(|kind| kind.is_available()).map(|kind| kind.name());
    assert_eq!(names.collect::<Vec<_>>().join(" "), std::env::var("EXPECTED_KERNELS").unwrap());
}
SOURCE
}

# run_tests PROCESSOR KERNELS [ARGUMENT...]: runs the tests on an emulated processor that must have these kernels.
run_tests() {
  local processor="$1" kernels="$2"
  shift 2
  say "testing on an emulated processor of the kind $processor: $kernels"
  (
    cd -- "$CRATE"
    RUSTC="$RUST/bin/rustc" CARGO_TARGET_DIR="$FOLDER/target" EXPECTED_KERNELS="$kernels" \
      CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
      CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -cpu $processor -L $ARM_ROOT" \
      cargo test --quiet --lib --target "$TARGET" -- "$@"
  )
}

main "$@"
