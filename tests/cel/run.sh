#!/bin/sh
# Runs the conformance suite: run.sh path/to/cel_probe [node:test arguments]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -d "$here/node_modules/@bufbuild/cel-spec" ]; then
  echo "tests/cel needs its packages: run  npm ci --prefix tests/cel  (make test does)" >&2
  exit 1
fi
CEL_PROBE=$1
export CEL_PROBE
shift
cd "$here"
exec node --test "$@"
