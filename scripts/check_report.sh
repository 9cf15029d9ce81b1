#!/usr/bin/env bash
# Looks at pages of `splade-export report` in a real browser.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'EOF'
Usage: scripts/check_report.sh [--screenshots DIR] PAGE.html...

Opens the pages in Chromium, at the width of a desktop and of a phone, light and dark, and prints what is wrong, one line
each: accessibility (axe-core), labels that overlap, are cut or are too small, pages wider than the screen, requests to
anywhere. The exit code is 1 then. Where there is no Chromium or no Node.js, this is said and the exit code is 0.

  --screenshots DIR  keep pictures of the pages, and a PDF of their print, in DIR
  CHROMIUM=FILE      the browser [default: chromium, chromium-browser, google-chrome in PATH]
EOF
}

# Prints why nothing was looked at, and ends.
skip() {
  say "SKIPPED: the report was not looked at in a browser: $1"
  exit 0
}

find_browser() {
  local candidate
  for candidate in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    [[ -n "$candidate" ]] || continue
    if BROWSER="$(command -v "$candidate")"; then
      return
    fi
  done
  skip "no Chromium was found; install it (Debian: apt-get install chromium), or name it: CHROMIUM=/path/to/chromium"
}

# Installs what drives the browser, once, into the cache.
install_modules() {
  MODULES="$CACHE/browser"
  if ! cmp -s "$SCRIPTS/browser/package.json" "$MODULES/package.json" || [[ ! -d "$MODULES/node_modules/axe-core" ]]; then
    mkdir -p "$MODULES"
    cp "$SCRIPTS/browser/package.json" "$MODULES/"
    npm install --silent --no-audit --no-fund --prefix "$MODULES" >&2 || {
      rm -f "$MODULES/package.json"
      skip "npm could not install axe-core and playwright-core"
    }
  fi
}

main() {
  local screenshots="" pages=()
  while [[ $# -gt 0 ]]; do
    case "$1" in
      -h | --help) usage; exit 0 ;;
      --screenshots) need_value "$1" $#; screenshots="$2"; shift 2 ;;
      -*) usage_error "unknown option $1" ;;
      *) pages+=("$1"); shift ;;
    esac
  done
  [[ ${#pages[@]} -gt 0 ]] || usage_error "name a page"
  for page in "${pages[@]}"; do
    [[ -f "$page" ]] || fail "there is no $page" "make it with splade-export report"
  done
  find_browser
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    skip "Node.js and npm were not found"
  fi
  install_modules
  if [[ -n "$screenshots" ]]; then
    mkdir -p "$screenshots"
  else
    screenshots="$(mktemp -d)"
    # shellcheck disable=SC2064  # the folder's name is known now
    trap "rm -rf '$screenshots'" EXIT
  fi
  node "$SCRIPTS/browser/check.mjs" "$MODULES" "$BROWSER" "$screenshots" "${pages[@]}" \
    || fail "the pages have problems, see above"
  say "looked at ${#pages[@]} pages in $(basename "$BROWSER"): desktop and phone, light and dark: nothing to complain about"
}

main "$@"
