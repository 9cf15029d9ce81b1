# shellcheck shell=bash disable=SC2034
# Anserini's jar. Pyserini's source package is the one place on PyPI that holds it.
GROUP=default
SUMMARY="Anserini 1.7.1, which indexes, searches and scores"
SIZE="165 MB"
PACKAGES="pyserini, source package"
FOLDER=anserini
FILE=anserini-1.7.1-fatjar.jar
NEEDS=""
VERSION=1.6.0
PIN="pyserini==$VERSION
  --hash=sha256:e34761d700b33613c26bc61113effc6d65598dee6ada28a33214f79350f833f4"
JAR_SHA256=183bf5b53c82441b249d475f66f73aaa3e7dedd8892dece747e3680a1fda34f3
# pip asks a source package for its metadata before it hands it over, and that takes setuptools.
SETUPTOOLS_PIN="setuptools==80.9.0
  --hash=sha256:062d34222ad13e0cc312a4c02d73f059e86a4acbfbdea8f8f76b28c99f306922"

stamp() { echo "$PIN"; }

install() {
  find_host_python 9
  new_venv "$WORK/tools"
  printf '%s\n' "$SETUPTOOLS_PIN" | tr '\n' ' ' >"$WORK/setuptools.txt"
  pip_quiet "$WORK/tools/bin/python" -m pip install --no-deps --require-hashes --only-binary=:all: \
    --requirement "$WORK/setuptools.txt"
  # Only the jar and the Python files are taken, nothing is built: the Python version does not matter yet.
  FETCH_WITH="$WORK/tools/bin/python" fetch "$PIN" --no-binary=:all: --no-build-isolation --ignore-requires-python
  local top="pyserini-$VERSION"
  tar -xzf "$FETCHED" --no-same-owner -C "$WORK" "$top/pyserini" "$top/LICENSE.txt"
  mkdir "$WORK/piece"
  mv "$WORK/$top/pyserini/resources/jars/$FILE" "$WORK/$top/LICENSE.txt" "$WORK/piece/"
  check_sha256 "$WORK/piece/$FILE" "$JAR_SHA256"
  # Keeps the Python half of the same package, for the piece `python`.
  mkdir "$WORK/piece/python"
  mv "$WORK/$top/pyserini" "$WORK/piece/python/"
}

environment() { print_variable ANSERINI_JAR "$(piece_file anserini)"; }
