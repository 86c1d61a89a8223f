#!/bin/sh
# Builds the workers in Go, the example and the tests' own, into build/go-apps. Their modules come from the Go module
# proxy, each compared with its hash in go.sum. What is built already takes a second.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
go=$(tools/go.sh 24)
mkdir -p build/go-apps
# Two builds of one tree do not write one file at once.
exec 9>build/go-apps/.lock
flock 9
for folder in examples/go-worker tests/inngest/go; do
  (cd "$folder" && "$go" build -mod=readonly -o "$root/build/go-apps/$(echo "$folder" | tr / -)" .)
done
