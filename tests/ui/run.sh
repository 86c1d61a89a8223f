#!/bin/sh
# Runs one suite: run.sh build FOLDER | FILE...   The npm packages are those of ui/, tests/e2e and this
# folder. Without them this fails: a suite that is skipped in silence proves nothing.
set -eu
cd "$(dirname "$0")"
ui=$(cd ../../ui && pwd)

command -v node >/dev/null || { echo "ui: node is not installed (20 or later)" >&2; exit 1; }
needs() { # folder, packages
  folder=$1
  shift
  for package in "$@"; do
    if [ ! -d "$folder/node_modules/$package" ]; then
      echo "ui: $folder/node_modules/$package is missing. Run once: npm ci --prefix '$folder'" >&2
      exit 1
    fi
  done
}
needs "$ui" preact @preact/signals acorn esbuild typescript

case "${1:?usage: run.sh build FOLDER | FILE...}" in
  build)
    exec node "$ui/build.mjs" "$2"
    ;;
  *)
    needs "$PWD" playwright-core axe-core
    needs "$(cd ../e2e && pwd)" @trpc/client eventsource ws
    needs "$(cd ../inngest && pwd)" inngest
    needs "$(cd ../models && pwd)" @copilotkit/aimock
    exec node --test --test-reporter=spec "$@"
    ;;
esac
