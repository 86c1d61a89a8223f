#!/bin/sh
# Makes build/timescaledb/root: Debian 13 with PostgreSQL 17, TimescaleDB and pgvector, of which tests/postgres/server.sh
# starts a server in a chroot. Debian 12 has neither extension. 700 MB and some 80 s, once; again only when this file has changed.
# The mirror is the one that apt has here, whose own sources are not touched; debootstrap checks its signatures.
set -eu
cd "$(dirname "$0")/.."
stamp=build/timescaledb/.installed
if [ -f "$stamp" ] && cmp -s "$0" "$stamp"; then exit 0; fi
packages=postgresql-17,postgresql-17-timescaledb,postgresql-17-pgvector
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m 1 '/debian/*$' || echo http://deb.debian.org/debian)
as_root=$([ "$(id -u)" = 0 ] || echo sudo)
echo "setup: Debian 13 with $packages in build/timescaledb (700 MB, from $mirror)" >&2
make_root() {
  $as_root rm -rf build/timescaledb
  mkdir -p build/timescaledb
  $as_root debootstrap --variant=minbase --include="$packages" trixie build/timescaledb/.root "$mirror" >build/timescaledb/log 2>&1
}
# A mirror may be busy.
make_root || { sleep 5; make_root; } || { sleep 20; make_root; } || { tail -20 build/timescaledb/log >&2; exit 1; }
$as_root rm -rf build/timescaledb/.root/var/cache/apt/archives
$as_root mv build/timescaledb/.root build/timescaledb/root
cp "$0" "$stamp"
