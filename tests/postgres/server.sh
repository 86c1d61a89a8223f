#!/bin/sh
# A PostgreSQL server for tests, in a directory of its own that is deleted again: server.sh VERB DIRECTORY
#   start    makes it anew        stop    ends it and deletes all
#   again    starts what is there restart ends its connections, and is there again
#   kill     kill -9, all of it at once
# It listens on a socket in that directory only, lets everybody in who may read it, and syncs nothing:
# what it stores is gone with the test. SYNAP_TEST_POSTGRES_BIN: another server's programs.
set -eu
directory=$2
bin=${SYNAP_TEST_POSTGRES_BIN:-$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)}
[ -x "$bin/initdb" ] || { echo "postgres: no server is installed. Run once: tools/setup.sh test" >&2; exit 1; }
# PostgreSQL's programs refuse to be root's.
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi; }

again() {
  cd "$directory"
  as "$bin/pg_ctl" -D "$directory/data" -l "$directory/log" -w start -o \
    "-k $directory -c listen_addresses='' -c fsync=off -c full_page_writes=off -c max_connections=200 -c unix_socket_permissions=0777" \
    >/dev/null || { cat "$directory/log" >&2; exit 1; }
}

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
    again
    ;;
  again) again ;;
  restart) as "$bin/pg_ctl" -D "$directory/data" -m fast -w stop >/dev/null; again ;;
  kill)
    postmaster=$(head -1 "$directory/data/postmaster.pid")
    # shellcheck disable=SC2046  # its processes, each an argument
    kill -9 "$postmaster" $(cat "/proc/$postmaster/task/$postmaster/children")
    # Where nobody buries it its number is still taken, and a server that starts takes it for alive.
    sleep 0.3
    rm -f "$directory/data/postmaster.pid" "$directory"/.s.PGSQL.*.lock
    ;;
  stop) stop ;;
  *) sed -n '2,6s/^# //p' "$0" >&2; exit 2 ;;
esac
