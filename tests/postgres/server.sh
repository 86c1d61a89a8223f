#!/bin/sh
# A PostgreSQL server for tests, in a directory of its own that is deleted again: server.sh VERB DIRECTORY [DIRECTORY]
#   start    makes it anew        stop    ends it and deletes all
#   again    starts what is there restart ends its connections, and is there again
#   kill     kill -9, all of it at once        behead   kill -9 of its first process alone
#   standby  makes it anew of the one in a third argument, which waits with each commit for it from then on
#   promote  makes a standby a server that writes, and waits for nobody
#   version  says which it is
# It listens on a socket in that directory only, lets everybody in who may read it, and syncs nothing:
# what it stores is gone with the test. SYNAP_TEST_POSTGRES_BIN: another server's programs.
# SYNAP_TEST_POSTGRES_OPTIONS: "-c NAME=VALUE ..." behind those below.
# SYNAP_TEST_POSTGRES_ROOT: they are in this root of another system (tools/timescaledb.sh), with
# TimescaleDB and pgvector, which each database has from its beginning.
set -eu
directory=$2
root=${SYNAP_TEST_POSTGRES_ROOT:-}
bin=${SYNAP_TEST_POSTGRES_BIN:-$(ls -d "$root"/usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)}
[ -x "$bin/initdb" ] || { echo "postgres: no server is installed. Run once: tools/setup.sh test" >&2; exit 1; }
bin=${bin#"$root"}
options="-k $directory -c listen_addresses='' -c fsync=off -c full_page_writes=off -c max_connections=200 -c unix_socket_permissions=0777"
options="$options ${SYNAP_TEST_POSTGRES_OPTIONS:-}"
if [ -n "$root" ]; then
  # No /dev/shm is mounted there; and nobody is to wait for workers that look after a database.
  options="$options -c dynamic_shared_memory_type=mmap -c shared_preload_libraries=timescaledb
    -c timescaledb.telemetry_level=off -c timescaledb.max_background_workers=0"
fi
# PostgreSQL's programs refuse to be root's.
as() {
  if [ -n "$root" ]; then
    $([ "$(id -u)" = 0 ] || echo sudo) chroot --userspec=postgres:postgres "$root" env -C "$directory" "$@"
  elif [ "$(id -u)" = 0 ]; then
    setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
  else
    "$@"
  fi
}

make_directory() {
  if [ -n "$root" ]; then
    # The same name within and without: the socket's is to be short.
    $([ "$(id -u)" = 0 ] || echo sudo) chroot "$root" install -d -m 0711 -o postgres "$directory"
    ln -s "$root$directory" "$directory"
    return
  fi
  mkdir -p "$directory"
  chmod 0711 "$directory"
  if [ "$(id -u)" = 0 ]; then chown postgres "$directory"; fi
}

again() {
  cd "$directory"
  as "$bin/pg_ctl" -D "$directory/data" -l "$directory/log" -w start -o "$(echo $options)" \
    >/dev/null || { cat "$directory/log" >&2; exit 1; }
}

stop() {
  if [ -d "$directory/data" ]; then as "$bin/pg_ctl" -D "$directory/data" -m immediate -w stop >/dev/null 2>&1 || true; fi
  if [ -n "$root" ]; then $([ "$(id -u)" = 0 ] || echo sudo) rm -rf "$root$directory"; fi
  rm -rf "$directory"
}

sql() { as "$bin/psql" -h "$directory" -U synap -qAt -v ON_ERROR_STOP=1 "$@"; }

case "$1" in
  start)
    stop
    make_directory
    cd "$directory"
    as "$bin/initdb" -D "$directory/data" -U synap -A trust -E UTF8 --locale=C.UTF-8 -N >/dev/null
    again
    if [ -n "$root" ]; then
      # In a schema of their own: what a test leaves in `public` goes, and they stay.
      sql template1 -c "CREATE SCHEMA extensions; GRANT USAGE ON SCHEMA extensions TO PUBLIC" \
        -c "CREATE EXTENSION timescaledb SCHEMA extensions" -c "CREATE EXTENSION vector SCHEMA extensions"
    fi
    ;;
  again) again ;;
  restart) as "$bin/pg_ctl" -D "$directory/data" -m fast -w stop >/dev/null; again ;;
  kill | behead)
    postmaster=$(head -1 "$directory/data/postmaster.pid")
    children=$(cat "/proc/$postmaster/task/$postmaster/children")
    if [ "$1" = behead ]; then children=; fi
    # shellcheck disable=SC2086  # its processes, each an argument
    kill -9 "$postmaster" $children
    # Where nobody buries it its number is still taken, and a server that starts takes it for alive.
    sleep 0.3
    rm -f "$directory/data/postmaster.pid" "$directory"/.s.PGSQL.*.lock
    ;;
  standby)
    stop
    make_directory
    cd "$directory"
    as "$bin/pg_basebackup" -h "$3" -U synap -D "$directory/data" -R -X stream -c fast -N
    again
    directory=$3
    sql postgres -c "ALTER SYSTEM SET synchronous_standby_names = '*'" -c 'SELECT pg_reload_conf()' >/dev/null
    ;;
  promote)
    cd "$directory"
    as "$bin/pg_ctl" -D "$directory/data" -w promote >/dev/null
    sql postgres -c "ALTER SYSTEM SET synchronous_standby_names = ''" -c 'SELECT pg_reload_conf()' >/dev/null
    ;;
  version) sql postgres -c 'SHOW server_version' ;;
  stop) stop ;;
  *) sed -n '2,13s/^# //p' "$0" >&2; exit 2 ;;
esac
