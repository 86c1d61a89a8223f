#!/bin/sh
# Runs the comparison with zod: run.sh path/to/schema_probe [node:test arguments]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -d "$here/node_modules/zod" ]; then
  echo "tests/schema needs its packages: run  npm ci --prefix tests/schema  (make test does)" >&2
  exit 1
fi
SCHEMA_PROBE=$1
export SCHEMA_PROBE
shift
cd "$here"
exec node --test "$@"
