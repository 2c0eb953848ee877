#!/usr/bin/env bash
# DuckDB 2.0.1 (PyPI: duckdb).
#
# Guess: read_json finds the column's type from a sample of 20,480 rows; a value that does not fit it further
#   down is an error, as it is where a whole key is new.
# What happens: if the column was null in all of the sample, its type becomes "NULL" and each later value is
#   read as null, without a word. Exports that begin with what is not finished yet lose the time of completion
#   this way. With the column's type given all values are there.
# Seen: "NULL", 0 of 10 values; with columns given: 10 of 10
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --disable-pip-version-check -q duckdb==2.0.1

cat > try.py <<'PY'
import duckdb

with open("imports.ndjson", "w") as file:
    for id in range(30_000):
        file.write('{"id": %d, "completed_at": null}\n' % id)
    for id in range(30_000, 30_010):
        file.write('{"id": %d, "completed_at": "2026-05-01T12:00:00Z"}\n' % id)

guessed = duckdb.sql("SELECT * FROM read_json('imports.ndjson')")
values = guessed.aggregate("count(completed_at)").fetchall()[0][0]
given = duckdb.sql("SELECT * FROM read_json('imports.ndjson', columns = {id: 'BIGINT', completed_at: 'TIMESTAMPTZ'})")
print(f"{guessed.types[1]}, {values} of 10 values; with columns given: {given.aggregate('count(completed_at)').fetchall()[0][0]} of 10")
PY
seen=$(venv/bin/python try.py)
echo "$seen"
[ "$seen" = '"NULL", 0 of 10 values; with columns given: 10 of 10' ] || { echo "This has changed."; exit 1; }
