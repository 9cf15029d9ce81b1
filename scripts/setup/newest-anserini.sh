# shellcheck shell=bash disable=SC2034
# The jar of Anserini 2.3.0, which has Lucene 10.5.
# shellcheck source-path=SCRIPTDIR source=lib/pyserini.sh
. "$SCRIPTS/setup/lib/pyserini.sh"
GROUP=development
SUMMARY="the jar of Anserini 2.3.0, which has Lucene 10.5"
SIZE="113 MB"
PACKAGES="pyserini, source package"
FOLDER=anserini-2.3.0
FILE=anserini-2.3.0-fatjar.jar
NEEDS=""
VERSION=2.4.0
PIN="pyserini==$VERSION
  --hash=sha256:45979fa5fc8d54a35dce15cfd59d4d3dc4b4b29d8f0442e1e1f3a9ab0a303541"
JAR_SHA256=375848a9bb0a7514d2a8fe13df20086961570991bf20343abf0e5312af977def

stamp() { echo "$PIN"; }

install() {
  fetch_pyserini_source "$VERSION" "$PIN" "pyserini/resources/jars/$FILE" LICENSE.txt
  mkdir "$WORK/piece"
  mv "$WORK/pyserini-$VERSION/pyserini/resources/jars/$FILE" "$WORK/pyserini-$VERSION/LICENSE.txt" "$WORK/piece/"
  check_sha256 "$WORK/piece/$FILE" "$JAR_SHA256"
}

environment() { print_variable ANSERINI_NEWEST_JAR "$(piece_file newest-anserini)"; }
