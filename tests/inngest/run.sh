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
exec node --test --test-reporter=spec "$@"
