#!/bin/sh
# Runs one test of this folder against a pod: run.sh path/to/synap NAME.mjs
set -eu
cd "$(dirname "$0")"
SYNAP_BIN=${1:?usage: run.sh path/to/synap NAME.mjs}
export SYNAP_BIN
command -v node >/dev/null || { echo "fault: node is not installed (20 or later)" >&2; exit 1; }
exec node --test --test-reporter=spec "${2:?usage: run.sh path/to/synap NAME.mjs}"
