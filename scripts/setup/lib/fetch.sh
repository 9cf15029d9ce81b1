# shellcheck shell=bash
# What the pieces in scripts/setup/ are installed with: pip, virtual environments, hashes. Sourced, never run.
# A piece fills $WORK/piece, and may use the rest of $WORK as it likes.

# shellcheck disable=SC2034  # used by the pieces
{
  REQUIREMENTS="$SCRIPTS/setup/requirements"
  STAND_INS="$SCRIPTS/setup/stand_ins"
}

# The command that prints and, with -c, compares hashes.
SHA256=(sha256sum)
command -v sha256sum >/dev/null || SHA256=(shasum -a 256)

sha256_of() { "${SHA256[@]}" <"$1" | cut -d' ' -f1; }

check_sha256() {
  local found
  found="$(sha256_of "$1")"
  [[ "$found" == "$2" ]] || fail "${1##*/} has sha256 $found, expected $2" \
    "the index served another file; check what pip is configured for (pip config list)"
}

# Sets PLATFORM, or fails where there are no pinned packages.
detect_platform() {
  PLATFORM="$(uname -s)-$(uname -m)"
  case "$PLATFORM" in
    Linux-x86_64 | Linux-aarch64)
      # The wheels are linked against glibc, which Alpine and its like do not have.
      if ldd --version 2>&1 | grep -qi musl; then unsupported_platform "$PLATFORM with musl libc"; fi
      ;;
    Darwin-arm64) ;;
    *) unsupported_platform "$PLATFORM" ;;
  esac
}

unsupported_platform() {
  fail "no pinned packages for $1 (supported: Linux with glibc on x86_64 and aarch64, macOS on arm64)" \
    "install ONNX Runtime $(value_of onnxruntime VERSION) and Java 21 yourself, set ORT_DYLIB_PATH and JAVA_HOME, then: scripts/setup.sh model anserini"
}

# requirements_of PINS: one project a line, as a file of requirements has them.
requirements_of() {
  awk '{
    for (i = 1; i <= NF; i++) printf "%s%s", (i == 1 ? "" : $i ~ /^--/ ? " " : "\n"), $i
    print ""
  }' <<<"$1"
}

# install_with_program PIECE: fills $WORK/piece with what a program that is built already fetches; fails where there is
# none, where it is of another version, or where it cannot fetch. The program needs neither Python nor pip.
install_with_program() {
  local program made="$WORK/by-program"
  program="$(built_program)" || return 1
  SPLADE_EXPORT_CACHE="$made" "$program" setup --quiet "$1" >"$WORK/program.log" 2>&1 || return 1
  # shellcheck disable=SC2153  # set by the piece
  [[ "$(cat "$made/$FOLDER/.stamp")" == "$(stamp | tr -s ' \n' '  ')" ]] || return 1
  mv "$made/$FOLDER" "$WORK/piece"
}

# Prints the program that was built in this clone.
built_program() {
  local folder
  for folder in "${CARGO_TARGET_DIR:-}" "$SCRIPTS/../target" "$CACHE/target"; do
    [[ -n "$folder" && -x "$folder/release/splade-export" ]] || continue
    echo "$folder/release/splade-export"
    return
  done
  return 1
}

# platform_tag LINUX MACOS: the tag of this platform's wheels; Linux's is completed with the processor.
platform_tag() {
  case "$PLATFORM" in
    Linux-*) echo "$1_$(uname -m)" ;;
    *) echo "$2" ;;
  esac
}

# find_host_python MINOR: sets HOST_PYTHON to a Python 3.MINOR or newer with pip.
find_host_python() {
  local minor="$1" candidate
  for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.14; do
    [[ -n "$candidate" ]] || continue
    # Runs it, because a name on PATH may be a launcher without a version behind it.
    if "$candidate" -c "import sys; sys.exit(sys.version_info < (3, $minor))" >/dev/null 2>&1; then
      HOST_PYTHON="$candidate"
      "$HOST_PYTHON" -m pip --version >/dev/null 2>&1 ||
        fail "$HOST_PYTHON has no pip" "on Debian or Ubuntu: apt install python3-pip; elsewhere: $HOST_PYTHON -m ensurepip"
      return
    fi
  done
  fail "Python 3.$minor or newer was not found" "install it, or name one: PYTHON=/path/to/python3"
}

new_venv() {
  "$HOST_PYTHON" -m venv "$1" >"$WORK/venv.log" 2>&1 || {
    cat "$WORK/venv.log" >&2
    fail "$HOST_PYTHON cannot make a virtual environment" "on Debian or Ubuntu: apt install python3-venv"
  }
}

# pip_quiet COMMAND...: shows the command's output only if it fails.
pip_quiet() {
  PIP_DISABLE_PIP_VERSION_CHECK=1 "$@" >"$WORK/pip.log" 2>&1 || {
    cat "$WORK/pip.log" >&2
    fail "pip failed (its words are above)" "check the network and the index pip is configured for: pip config list"
  }
}

# fetch PIN [PIP_OPTION...]: downloads one package, checks its sha256 and sets FETCHED to the file.
fetch() {
  local pin="$1" python="${FETCH_WITH:-$HOST_PYTHON}"
  shift
  rm -rf "$WORK/fetched"
  printf '%s\n' "$pin" | tr '\n' ' ' >"$WORK/pin.txt"
  pip_quiet "$python" -m pip download --no-deps --require-hashes --no-cache-dir \
    --dest "$WORK/fetched" --requirement "$WORK/pin.txt" "$@"
  FETCHED="$(echo "$WORK/fetched/"*)"
}

# fetch_wheel PIN TAG: the same for a wheel of that platform.
fetch_wheel() { fetch "$1" --only-binary=:all: --python-version 3.11 --platform "$2"; }

unzip_wheel() { "$HOST_PYTHON" -m zipfile -e "$1" "$2"; }

packages_of() { "$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }

# install_requirements VENV FILE: installs all packages, checked by their hashes.
install_requirements() {
  pip_quiet "$1/bin/python" -m pip install --no-deps --require-hashes --only-binary=:all: \
    --no-cache-dir --requirement "$2"
}

# check_import VENV MODULE...: fails if a module cannot be loaded.
check_import() {
  local venv="$1"
  shift
  "$venv/bin/python" -c "import $(IFS=,; echo "$*")" >"$WORK/import.log" 2>&1 || {
    cat "$WORK/import.log" >&2
    fail "the Python modules $* cannot be loaded"
  }
}

# Removes what would be wrong after the move because it holds this folder's name, and pip: nothing is to be installed
# here by hand.
seal_venv() {
  "$1/bin/python" -m pip uninstall --quiet --yes pip >/dev/null 2>&1 || true
  find "$1/bin" -type f -delete
}

# print_variable NAME VALUE: one line of --print-env.
print_variable() { printf 'export %s=%q\n' "$1" "$2"; }
