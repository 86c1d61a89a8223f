#!/bin/sh
# Runs the conformance suite. $1 is the program trpc_fixture. Without the npm packages this fails:
# a suite that is skipped in silence proves nothing.
set -eu
cd "$(dirname "$0")"
fixture=${1:?usage: run.sh path/to/trpc_fixture}
command -v node >/dev/null || { echo "trpc_conformance: node is not installed (20 or later)" >&2; exit 1; }
for package in node_modules/@trpc/server node_modules/@trpc/client node_modules/ws \
    lane-11.19/node_modules/@trpc/client; do
  if [ ! -d "$package" ]; then
    echo "trpc_conformance: $package is missing. Run once: npm ci --prefix '$PWD'" >&2
    exit 1
  fi
done
TRPC_FIXTURE="$fixture" exec node --test --test-reporter=spec conformance.test.mjs
