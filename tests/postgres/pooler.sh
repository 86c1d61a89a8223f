#!/bin/sh
# pooler.sh PROGRAM:FILTER...   Runs tests of rooms through PgBouncer, which lends its connections for a transaction. Each of
# its few serves all connections of a test in turn, so what one leaves behind another finds.
set -eu
cd "$(dirname "$0")/../.."
pgbouncer=$(command -v pgbouncer || echo /usr/sbin/pgbouncer)
[ -x "$pgbouncer" ] || { echo "postgres: PgBouncer is not here. Run once: tools/setup.sh test" >&2; exit 1; }
directory=$(mktemp -d /tmp/synap-pooler-XXXXXX)
trap 'exit 1' INT TERM
trap 'kill "$pooler" 2>/dev/null; tests/postgres/server.sh stop "$directory"' EXIT
tests/postgres/server.sh start "$directory"
cat > "$directory/pgbouncer.ini" <<END
[databases]
* = host=$directory user=synap
[pgbouncer]
pool_mode = transaction
auth_type = any
listen_addr =
listen_port = 6432
unix_socket_dir = $directory
default_pool_size = 6
max_client_conn = 200
server_idle_timeout = 5
server_login_retry = 0.1
max_db_connections = 6
log_connections = 0
log_disconnections = 0
END
as=""
[ "$(id -u)" -ne 0 ] || as="setpriv --reuid=postgres --regid=postgres --clear-groups"
$as "$pgbouncer" -q "$directory/pgbouncer.ini" > "$directory/pgbouncer.log" 2>&1 &
pooler=$!
# Beside others it takes its time.
for _ in $(seq 300); do
  [ -S "$directory/.s.PGSQL.6432" ] && break
  kill -0 "$pooler" 2>/dev/null || { cat "$directory/pgbouncer.log" >&2; exit 1; }
  sleep 0.1
done
SYNAP_TEST_POSTGRES_URL="postgres://synap@/?host=$directory"
SYNAP_TEST_POSTGRES_POOLER=$directory
export SYNAP_TEST_POSTGRES_URL SYNAP_TEST_POSTGRES_POOLER
for what in "$@"; do "${what%%:*}" --gtest_brief=1 "--gtest_filter=${what#*:}"; done
