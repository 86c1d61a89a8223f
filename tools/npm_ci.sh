#!/bin/sh
# Installs the locked npm packages of the folders named (default: of the client, the page and the
# tests), each again only when its lock has changed, or a package of this tree that it has a copy of.
set -eu
cd "$(dirname "$0")/.."
if [ $# -eq 0 ]; then
  set -- client ui $(find examples langgraph tests -name package-lock.json -not -path '*/node_modules/*' -exec dirname {} ';' 2>/dev/null | sort)
fi
# Whether the packages of this tree that a folder has copies of are as they were.
has_fresh_copies() {
  for copied in $(sed -n 's/.*"resolved": "file:\(.*\)".*/\1/p' "$1/package-lock.json"); do
    name=$(sed -n 's/^  "name": "\(.*\)",$/\1/p' "$1/$copied/package.json")
    diff -rq "$1/$copied/dist" "$1/node_modules/$name/dist" >/dev/null 2>&1 || return 1
  done
}
for folder; do
  lock="$folder/package-lock.json"
  [ -f "$lock" ] || continue
  # Two builds of one tree must not take each other's packages away.
  exec 9>"$folder/.npm_ci.lock"
  flock 9
  stamp="$folder/node_modules/.installed"
  if [ -f "$stamp" ] && cmp -s "$lock" "$stamp" && has_fresh_copies "$folder"; then continue; fi
  echo "setup: npm ci in $folder" >&2
  npm ci --prefix "$folder" --no-fund --no-audit --loglevel=error >&2
  cp "$lock" "$stamp"
done
