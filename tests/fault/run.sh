#!/bin/sh
# Runs one test of this folder against a pod: run.sh path/to/synap NAME.mjs
set -eu
cd "$(dirname "$0")"
SYNAP_BIN=${1:?usage: run.sh path/to/synap NAME.mjs}
export SYNAP_BIN
command -v node >/dev/null || { echo "fault: node is not installed (20 or later)" >&2; exit 1; }
# A test that needs a small disk mounts one; without root that takes a namespace of its own.
alone=""
if [ "${2-}" = disk_full.mjs ] && [ "$(id -u)" -ne 0 ]; then alone="unshare --map-root-user --mount"; fi
exec $alone node --test --test-reporter=spec "${2:?usage: run.sh path/to/synap NAME.mjs}"
