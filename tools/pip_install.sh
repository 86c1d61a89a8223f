#!/bin/sh
# pip_install.sh [LIST FOLDER]   Installs the locked Python packages of the tests, or of that list, into folders of
# build/, each again only when its list has changed. Every file is compared with the hash that the list has for it.
set -eu
cd "$(dirname "$0")/.."
install() {
  lock=$1
  folder=build/$2
  if [ -f "$folder/.installed" ] && cmp -s "$lock" "$folder/.installed"; then return; fi
  echo "setup: pip install -r $lock in $folder" >&2
  rm -rf "$folder"
  /usr/bin/python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$lock" >&2
  cp "$lock" "$folder/.installed"
}
if [ $# -eq 2 ]; then
  install "$1" "$2"
  exit
fi
install tests/openapi/requirements.txt python
install tests/inngest/python/requirements.txt python-inngest
install tests/inngest/otlp/requirements.txt python-otlp
install tests/s3/requirements.txt python-s3
install langgraph/python/tests/requirements.txt python-langgraph
install tests/postgres/requirements.txt python-postgres
