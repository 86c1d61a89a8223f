#!/bin/sh
# Installs the locked npm packages of the client, the page and the tests, each folder again only when its lock
# has changed.
set -eu
cd "$(dirname "$0")/.."
for lock in client/package-lock.json ui/package-lock.json $(find tests -name package-lock.json -not -path '*/node_modules/*' | sort); do
  [ -f "$lock" ] || continue
  folder=$(dirname "$lock")
  stamp="$folder/node_modules/.installed"
  if [ -f "$stamp" ] && cmp -s "$lock" "$stamp"; then continue; fi
  echo "setup: npm ci in $folder" >&2
  npm ci --prefix "$folder" --no-fund --no-audit --loglevel=error >&2
  cp "$lock" "$stamp"
done
