#!/usr/bin/env bash
# Loads what splade-export wrote as bulk requests into Elasticsearch or OpenSearch.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'EOF'
Usage: scripts/load_elasticsearch.sh OUTPUT INDEX [--url URL] [--batch N] [--replace]

Creates the index INDEX with OUTPUT/index.json, sends the documents of OUTPUT/documents in requests of N, tries again where
the server is busy, and checks at the end that the index has as many documents as were sent. Sending again what is there
already changes nothing, as documents go by their ids.

  --url URL    the server [default: http://localhost:9200]; user and password may be in it
  --batch N    documents in a request [default: 200, about 8 MB of text; servers take 100 MB]
  --replace    delete the index first, if it is there
EOF
}

# request METHOD PATH [BODY_FILE]: prints the answer; fails with it where the server says no.
request() {
  local answer status
  answer="$(mktemp)"
  status="$(curl --silent --show-error --output "$answer" --write-out '%{http_code}' --request "$1" \
    --retry 8 --retry-all-errors --retry-max-time 300 --header "Content-Type: application/x-ndjson" \
    ${3:+--data-binary "@$3"} "$URL$2")" || { rm -f "$answer"; fail "$URL does not answer" "start the server, or name it: --url"; }
  if [[ "$status" != 2* ]]; then
    say "$(head -c 600 "$answer")"
    rm -f "$answer"
    fail "the server answered $1 $2 with $status"
  fi
  cat "$answer"
  rm -f "$answer"
}

# Sends the bulk request on standard input; used by split for each batch.
send() {
  local body answer
  body="$(mktemp)"
  cat >"$body"
  answer="$(request POST "/$INDEX/_bulk" "$body")"
  rm -f "$body"
  case "${answer:0:400}" in
    *'"errors":false'*) ;;
    *) fail "the server refused documents: $(grep -o '"error":{[^}]*}' <<<"$answer" | head -n 1)" ;;
  esac
}

read_part() {
  case "$1" in
    *.gz) gzip -dc "$1" ;;
    *) cat "$1" ;;
  esac
}

load() {
  local folder="$1" batch="$2" part lines sent=0
  shopt -s nullglob
  local parts=("$folder"/documents/part-*.ndjson "$folder"/documents/part-*.ndjson.gz)
  [[ ${#parts[@]} -gt 0 ]] || fail "$folder/documents has no bulk requests" "write them first: see splade-export --help"
  export URL INDEX
  export -f send request fail say
  for part in "${parts[@]}"; do
    lines="$(read_part "$part" | wc -l)"
    # split passes each batch to send; where one fails, split does too.
    read_part "$part" | split --lines=$((2 * batch)) --filter='bash -euo pipefail -c send' \
      || fail "$part could not be sent; run this again: what is there already does no harm"
    sent=$((sent + lines / 2))
    say "sent $sent documents"
  done
  request POST "/$INDEX/_refresh" >/dev/null
  local count
  count="$(request GET "/$INDEX/_count" | sed 's/.*"count":\([0-9]*\).*/\1/')"
  [[ "$count" == "$sent" ]] || fail "the index has $count documents, and $sent were sent" \
    "start with an empty index: --replace; a docid that is there twice counts once"
  say "$INDEX has $count documents"
}

main() {
  local arguments=() batch=200 replace=""
  URL="http://localhost:9200"
  while [[ $# -gt 0 ]]; do
    case "$1" in
      -h | --help) usage; exit 0 ;;
      --url) need_value "$1" $#; URL="${2%/}"; shift 2 ;;
      --batch) need_value "$1" $#; need_integer "$1" "$2"; batch="$2"; shift 2 ;;
      --replace) replace=1; shift ;;
      -*) usage_error "unknown option $1" ;;
      *) arguments+=("$1"); shift ;;
    esac
  done
  [[ ${#arguments[@]} -eq 2 ]] || usage_error "name the output of splade-export and the index"
  local folder="${arguments[0]}"
  INDEX="${arguments[1]}"
  [[ -f "$folder/index.json" ]] || fail "there is no $folder/index.json" "name the folder that splade-export wrote"
  request GET / >/dev/null
  if [[ -n "$replace" ]]; then
    request DELETE "/$INDEX?ignore_unavailable=true" >/dev/null
  fi
  if ! curl --silent --fail --head --output /dev/null "$URL/$INDEX"; then
    curl --silent --show-error --fail-with-body --request PUT --header "Content-Type: application/json" \
      --data-binary "@$folder/index.json" "$URL/$INDEX" >&2 || fail "the index $INDEX could not be created"
    say ""
  fi
  load "$folder" "$batch"
}

main "$@"
