#!/usr/bin/env bash
# SQLite 3.54.1 (PyPI: apsw 3.54.1.0).
#
# Guess: `PRAGMA data_version` changes when another connection has committed something, and only then. A
#   checkpoint moves what was committed before from one file to another.
# What happens: after `wal_checkpoint(TRUNCATE)` it changes although nothing was written, and once more after
#   a second one that had nothing to do. A reader that polls it reads again for nothing. A PASSIVE or RESTART
#   one leaves it.
# Seen: see `expected` below.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --disable-pip-version-check -q apsw==3.54.1.0

cat > try.py <<'PY'
import apsw

writer = apsw.Connection("imports.db")
writer.execute("PRAGMA journal_mode = wal; CREATE TABLE imports (id INTEGER PRIMARY KEY)").fetchall()
reader = apsw.Connection("imports.db")


def data_version():
    return reader.execute("PRAGMA data_version").fetchall()[0][0]


before = data_version()
for statement in [
    "INSERT INTO imports DEFAULT VALUES",
    "SELECT * FROM imports",
    "PRAGMA wal_checkpoint(PASSIVE)",
    "PRAGMA wal_checkpoint(RESTART)",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "PRAGMA wal_checkpoint(TRUNCATE)",
]:
    writer.execute(statement).fetchall()
    after = data_version()
    print(f"{statement}: {'changed' if after != before else 'the same'}")
    before = after
PY
seen=$(venv/bin/python try.py)
expected='INSERT INTO imports DEFAULT VALUES: changed
SELECT * FROM imports: the same
PRAGMA wal_checkpoint(PASSIVE): the same
PRAGMA wal_checkpoint(RESTART): the same
PRAGMA wal_checkpoint(TRUNCATE): changed
PRAGMA wal_checkpoint(TRUNCATE): changed'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "This has changed."; exit 1; }
