#!/bin/sh
# A PostgreSQL server for tests, in a directory of its own that is deleted again: server.sh start|stop DIRECTORY
# It listens on a socket in that directory only, lets everybody in who may read it, and syncs nothing:
# what it stores is gone with the test. SYNAP_TEST_POSTGRES_BIN: another server's programs.
set -eu
directory=$2
bin=${SYNAP_TEST_POSTGRES_BIN:-$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)}
[ -x "$bin/initdb" ] || { echo "postgres: no server is installed. Run once: tools/setup.sh test" >&2; exit 1; }
# PostgreSQL's programs refuse to be root's.
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi; }

stop() {
  if [ -d "$directory/data" ]; then as "$bin/pg_ctl" -D "$directory/data" -m immediate -w stop >/dev/null 2>&1 || true; fi
  rm -rf "$directory"
}

case "$1" in
  start)
    stop
    mkdir -p "$directory"
    chmod 0711 "$directory"
    if [ "$(id -u)" = 0 ]; then chown postgres "$directory"; fi
    cd "$directory"
    as "$bin/initdb" -D "$directory/data" -U synap -A trust -E UTF8 --locale=C.UTF-8 -N >/dev/null
    as "$bin/pg_ctl" -D "$directory/data" -l "$directory/log" -w start -o \
      "-k $directory -c listen_addresses='' -c fsync=off -c max_connections=200 -c unix_socket_permissions=0777" \
      >/dev/null || { cat "$directory/log" >&2; exit 1; }
    ;;
  stop) stop ;;
  *) echo "server.sh start|stop DIRECTORY" >&2; exit 2 ;;
esac
