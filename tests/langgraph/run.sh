#!/bin/sh
# Runs one suite: run.sh dist | js | python | agent. Without its packages this fails: a suite that is skipped in
# silence proves nothing.
set -eu
cd "$(dirname "$0")"
package=$(cd ../../langgraph/js && pwd)
client=$(cd ../../client && pwd)

needs() { # file, what installs it
  [ -e "$1" ] || { echo "langgraph: $1 is missing. Run once: $2" >&2; exit 1; }
}
command -v node >/dev/null || { echo "langgraph: node is not installed (20 or later)" >&2; exit 1; }
needs "$client/node_modules/@trpc/client" tools/npm_ci.sh
needs "$package/node_modules/@langchain/langgraph-checkpoint-validation" tools/npm_ci.sh

case "${1:?usage: run.sh dist | js | python | agent}" in
  dist)
    # Built aside in the same layout, since what tsc writes depends on where it finds things.
    aside=$(mktemp -d)
    trap 'rm -rf "$aside"' EXIT
    cp -r "$package/src" "$package/package.json" "$package/tsconfig.json" "$aside"
    ln -s "$package/node_modules" "$aside/node_modules"
    "$package/node_modules/.bin/tsc" -p "$aside/tsconfig.json"
    if ! diff -r "$aside/dist" "$package/dist" >&2; then
      echo "langgraph: langgraph/js/dist is stale. Make it anew and commit it: npm run --prefix langgraph/js build" >&2
      exit 1
    fi
    ;;
  js)
    cd "$package"
    exec node_modules/.bin/vitest run
    ;;
  python)
    needs "$PWD/../../build/python-langgraph/bin/python" tools/pip_install.sh
    exec node --test --test-reporter=spec python.test.mjs
    ;;
  agent)
    needs "$PWD/../../examples/langgraph-agent/node_modules/inngest" tools/npm_ci.sh
    needs "$PWD/../models/node_modules/@copilotkit/aimock" tools/npm_ci.sh
    needs "$PWD/../../build/python-langgraph/bin/python" tools/pip_install.sh
    exec node --test --test-reporter=spec agent.test.mjs
    ;;
esac
