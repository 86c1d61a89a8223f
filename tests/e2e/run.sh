#!/bin/sh
# Runs one suite: run.sh dist | types | FILE...   The npm packages are those of client/ and of this
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

case "${1:?usage: run.sh dist | types | FILE...}" in
  dist)
    # What is committed is what users and the pod get: it must be what the sources say.
    # Built aside in the same layout, since what tsc writes depends on where it finds things.
    aside=$(mktemp -d)
    trap 'rm -rf "$aside"' EXIT
    cp -r "$client/src" "$client/package.json" "$client/tsconfig.json" "$aside"
    ln -s "$client/node_modules" "$aside/node_modules"
    "$client/node_modules/.bin/tsc" -p "$aside/tsconfig.json"
    if ! diff -r "$aside/dist" "$client/dist" >&2; then
      echo "e2e: client/dist is stale. Make it anew and commit it: npm run --prefix client build" >&2
      exit 1
    fi
    ;;
  types)
    exec "$client/node_modules/.bin/tsc" -p "$client/test/types/tsconfig.json"
    ;;
  *)
    needs "$PWD" @trpc/client @trpc/server ws eventsource esbuild playwright-core
    needs "$PWD/lane-11.19" @trpc/client
    needs "$(cd ../../examples/react && pwd)" react @tanstack/react-query typescript
    exec node --test --test-reporter=spec "$@"
    ;;
esac
