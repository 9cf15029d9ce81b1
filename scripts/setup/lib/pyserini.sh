# shellcheck shell=bash
# Fetches Pyserini's source package, which is the one place on PyPI that holds Anserini's jar. Sourced by pieces.

# Pip asks a source package for its metadata before it hands it over, and that takes setuptools.
SETUPTOOLS_PIN="setuptools==80.9.0
  --hash=sha256:062d34222ad13e0cc312a4c02d73f059e86a4acbfbdea8f8f76b28c99f306922"

# fetch_pyserini_source VERSION PIN PATH...: puts these paths of the package into the folder pyserini-VERSION of $WORK.
fetch_pyserini_source() {
  local version="$1" pin="$2" path
  shift 2
  find_host_python 9
  new_venv "$WORK/tools"
  printf '%s\n' "$SETUPTOOLS_PIN" | tr '\n' ' ' >"$WORK/setuptools.txt"
  pip_quiet "$WORK/tools/bin/python" -m pip install --no-deps --require-hashes --only-binary=:all: \
    --requirement "$WORK/setuptools.txt"
  # Only files are taken out of the package and nothing is built, so the Python version does not matter yet.
  FETCH_WITH="$WORK/tools/bin/python" fetch "$pin" --no-binary=:all: --no-build-isolation --ignore-requires-python
  for path; do set -- "$@" "pyserini-$version/$path"; shift; done
  tar -xzf "$FETCHED" --no-same-owner -C "$WORK" "$@"
}
