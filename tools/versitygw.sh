#!/bin/sh
# Builds VersityGW, a second S3 server for the tests, into build/versitygw, where the machine has Go 1.25 or
# later. Takes some minutes, once. Its modules' hashes are compared by Go's own checksum database.
set -eu
cd "$(dirname "$0")/.."
version=v1.8.0
folder=$PWD/build/versitygw
if [ "$(cat "$folder/.installed" 2>/dev/null || true)" = "$version" ]; then exit 0; fi
command -v go >/dev/null || { echo "versitygw: there is no go here" >&2; exit 1; }
echo "versitygw: building $version in $folder" >&2
GOBIN=$folder go install "github.com/versity/versitygw/cmd/versitygw@$version"
echo "$version" >"$folder/.installed"
