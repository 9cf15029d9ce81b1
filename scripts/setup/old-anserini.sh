# shellcheck shell=bash disable=SC2034
# The jar of Anserini 0.22.1, which has an older Lucene.
GROUP=development
SUMMARY="the jar of Anserini 0.22.1, which has an older Lucene"
SIZE="140 MB"
PACKAGES=pyserini
FOLDER=anserini-0.22.1
FILE=anserini-0.22.1-fatjar.jar
NEEDS=""
PIN="pyserini==0.22.1
  --hash=sha256:d8cdf5c166b962bf4ec343ae7ffe84a43dbcd969b2c7f16b2f43b6c0fdac3896"
JAR_SHA256=7e899283667465ce3531117932d9b859324cf3dd46de574b5ea5dfa2b627f322

stamp() { echo "$PIN"; }

install() {
  find_host_python 8
  fetch "$PIN" --only-binary=:all: --ignore-requires-python
  unzip_wheel "$FETCHED" "$WORK/wheel"
  check_sha256 "$WORK/wheel/pyserini/resources/jars/$FILE" "$JAR_SHA256"
  mkdir "$WORK/piece"
  mv "$WORK/wheel/pyserini/resources/jars/$FILE" "$WORK/wheel/"*.dist-info/LICENSE* "$WORK/piece/"
}

environment() { print_variable ANSERINI_OLD_JAR "$(piece_file old-anserini)"; }
