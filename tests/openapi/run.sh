#!/bin/sh
# Runs one suite: run.sh document | fuzz. Without its packages this fails: a suite that is skipped in
# silence proves nothing.
set -eu
cd "$(dirname "$0")"
command -v node >/dev/null || { echo "openapi: node is not installed (20 or later)" >&2; exit 1; }
case "${1:?usage: run.sh document | fuzz}" in
  document)
    if [ ! -d node_modules/@redocly/cli ]; then
      echo "openapi: the npm packages are missing. Run once: tools/npm_ci.sh" >&2
      exit 1
    fi
    ;;
  fuzz)
    : "${SCHEMATHESIS:=$PWD/../../build/python/bin/schemathesis}"
    export SCHEMATHESIS
    if [ ! -x "$SCHEMATHESIS" ]; then
      echo "openapi: schemathesis is missing. Run once: tools/pip_install.sh" >&2
      exit 1
    fi
    ;;
esac
exec node --test --test-reporter=spec "$1.test.mjs"
