#!/bin/sh
# Installs the locked Python packages of the tests into build/python, again only when their list has
# changed. Every file is compared with the hash that the list has for it.
set -eu
cd "$(dirname "$0")/.."
lock=tests/openapi/requirements.txt
stamp=build/python/.installed
if [ -f "$stamp" ] && cmp -s "$lock" "$stamp"; then exit 0; fi
echo "setup: pip install -r $lock in build/python" >&2
rm -rf build/python
/usr/bin/python3 -m venv build/python
build/python/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$lock" >&2
cp "$lock" "$stamp"
