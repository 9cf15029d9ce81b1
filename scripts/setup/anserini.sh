# shellcheck shell=bash disable=SC2034
# Anserini's jar, and the Python files of Pyserini.
# shellcheck source-path=SCRIPTDIR source=lib/pyserini.sh
. "$SCRIPTS/setup/lib/pyserini.sh"
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

stamp() { echo "$PIN"; }

install() {
  local top="pyserini-$VERSION"
  fetch_pyserini_source "$VERSION" "$PIN" pyserini LICENSE.txt
  mkdir "$WORK/piece"
  mv "$WORK/$top/pyserini/resources/jars/$FILE" "$WORK/$top/LICENSE.txt" "$WORK/piece/"
  check_sha256 "$WORK/piece/$FILE" "$JAR_SHA256"
  # Keeps the Python half of the same package, for the piece `python`.
  mkdir "$WORK/piece/python"
  mv "$WORK/$top/pyserini" "$WORK/piece/python/"
}

environment() { print_variable ANSERINI_JAR "$(piece_file anserini)"; }
