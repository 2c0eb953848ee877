#!/usr/bin/env bash
# SQLite 3.54.1 (PyPI: apsw 3.54.1.0).
#
# Guess: the progress handler counts the instructions of the statement that runs, so the same statement counts
#   the same each time.
# What happens: the first statement of a connection counts hundreds of times more: it reads the schema first,
#   which is itself run as instructions, and those are counted. With a limit of a few thousand, a new
#   connection's first statement is interrupted, and it depends on the number of tables in the file.
# Seen: first 2814, second 7, third 7
# Our project: a test that counts a query's instructions has to let a new connection read the schema first.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --disable-pip-version-check -q apsw==3.54.1.0

cat > try.py <<'PY'
import apsw

with apsw.Connection("imports.db") as db:
    for table in range(200):
        db.execute(f"CREATE TABLE t{table} (id INTEGER PRIMARY KEY, a, b); CREATE INDEX i{table} ON t{table} (a)")
db.close()

db = apsw.Connection("imports.db")
count = 0


def step():
    global count
    count += 1
    return False


db.set_progress_handler(step, 1)
counts = []
for _ in range(3):
    count = 0
    db.execute("SELECT id FROM t7 WHERE id = 7").fetchall()
    counts.append(count)
print("first {}, second {}, third {}".format(*counts))
assert counts[0] > 1000 and counts[1] == counts[2] < 50, "This has changed."
PY
venv/bin/python try.py
