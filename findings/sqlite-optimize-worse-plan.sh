#!/usr/bin/env bash
# SQLite 3.54.1 (PyPI: apsw 3.54.1.0).
#
# Guess: `PRAGMA optimize` does what ANALYZE does, where it pays, so it gives the same plans or leaves them as
#   they were.
# What happens: it samples each index. With one account that has nearly all rows and others that have few, the
#   sample holds so little of it that the index by account looks ten times finer than it is. The query for ten
#   rare rows of the large account then walks the account: hundreds of times the work, also compared with no
#   statistics at all.
# Seen (instructions of SQLite's machine for one query): none 89, ANALYZE 89, PRAGMA optimize 50039
# Our project: `load` and a closing connection run PRAGMA optimize.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --disable-pip-version-check -q apsw==3.54.1.0

cat > try.py <<'PY'
import apsw

QUERY = "SELECT id FROM imports WHERE account = 1 AND status = 2 ORDER BY created LIMIT 10"


def instructions(name, command):
    """The instructions that QUERY takes on a new connection, after `command` has run on 200,000 rows."""
    with apsw.Connection(name) as db:
        db.execute("""
            CREATE TABLE imports (id INTEGER PRIMARY KEY, account INTEGER, status INTEGER, created INTEGER);
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
                INSERT INTO imports
                SELECT i, CASE WHEN i <= 190000 THEN 1 ELSE i END, CASE WHEN i % 1000 = 0 THEN 2 ELSE 1 END, i FROM n;
            CREATE INDEX by_account ON imports (account, created);
            CREATE INDEX by_status ON imports (status, created);
        """)
        # PRAGMA optimize looks at tables that this connection has read.
        db.execute(QUERY).fetchall()
        db.execute(command).fetchall()
    db.close()

    db = apsw.Connection(name)
    db.execute(QUERY).fetchall()
    count = 0

    def step():
        nonlocal count
        count += 1
        return False

    db.set_progress_handler(step, 1)
    assert len(db.execute(QUERY).fetchall()) == 10
    return count


none = instructions("none.db", "SELECT 1")
analyze = instructions("analyze.db", "ANALYZE")
optimize = instructions("optimize.db", "PRAGMA optimize")
print(f"none {none}, ANALYZE {analyze}, PRAGMA optimize {optimize}")
assert none < 1000 and analyze < 1000 and optimize > 20_000, "This has changed."
PY
venv/bin/python try.py
