#!/bin/sh
# Runs one suite: run.sh build | types | FILE...   The npm packages are those of client/ and of this
# folder. Without them this fails: a suite that is skipped in silence proves nothing.
set -eu
cd "$(dirname "$0")"
client=$(cd ../../client && pwd)

command -v node >/dev/null || { echo "e2e: node is not installed (20 or later)" >&2; exit 1; }
needs() { # folder, packages
  folder=$1
  shift
  for package in "$@"; do
    if [ ! -d "$folder/node_modules/$package" ]; then
      echo "e2e: $folder/node_modules/$package is missing. Run once: npm ci --prefix '$folder'" >&2
      exit 1
    fi
  done
}
needs "$client" @trpc/client @trpc/server ws eventsource typescript zod

case "${1:?usage: run.sh build | types | FILE...}" in
  build)
    rm -rf "$client/dist"
    exec "$client/node_modules/.bin/tsc" -p "$client/tsconfig.json"
    ;;
  types)
    exec "$client/node_modules/.bin/tsc" -p "$client/test/types/tsconfig.json"
    ;;
  *)
    needs "$PWD" @trpc/client @trpc/server ws eventsource esbuild playwright-core
    needs "$PWD/lane-11.19" @trpc/client
    exec node --test --test-reporter=spec "$@"
    ;;
esac
