#!/bin/sh
# Runs one suite: run.sh FILE...   Without its npm packages this fails: a suite that is skipped in
# silence proves nothing.
set -eu
cd "$(dirname "$0")"
command -v node >/dev/null || { echo "inngest: node is not installed (20 or later)" >&2; exit 1; }
for package in node_modules/inngest lane-4.18/node_modules/inngest \
  ../../examples/typescript-worker/node_modules/inngest; do
  [ -d "$package" ] || { echo "inngest: $package is missing. Run once: tools/npm_ci.sh" >&2; exit 1; }
done
# Node 20 has a WebSocket only if it is asked for it; later ones always.
if ! node -e 'process.exit(typeof WebSocket === "undefined" ? 1 : 0)'; then
  export NODE_OPTIONS="--experimental-websocket"
fi
exec node --test --test-reporter=spec "$@"
