#!/usr/bin/env bash
# SQLite 3.54.1 (PyPI: apsw 3.54.1.0).
#
# Guess: `INSERT OR IGNORE` inside a trigger cannot fail on a row that is there already; that is what OR
#   IGNORE says.
# What happens: the statement that fired the trigger decides. Fired by a plain UPDATE the row is passed over;
#   fired by an upsert (ON CONFLICT DO UPDATE) the same line of the same trigger is ABORT, and the
#   application's upsert fails.
# Seen: update: ok
#       upsert: UNIQUE constraint failed: changes.id
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --disable-pip-version-check -q apsw==3.54.1.0

cat > try.py <<'PY'
import apsw

db = apsw.Connection(":memory:")
db.execute("""
    CREATE TABLE imports (id INTEGER PRIMARY KEY, status TEXT);
    CREATE TABLE changes (id INTEGER PRIMARY KEY);
    INSERT INTO imports VALUES (1, 'created');
    INSERT INTO changes VALUES (1);
    CREATE TRIGGER note AFTER UPDATE ON imports BEGIN
        INSERT OR IGNORE INTO changes VALUES (new.id);
    END;
""")
statements = {
    "update": "UPDATE imports SET status = 'complete' WHERE id = 1",
    "upsert": "INSERT INTO imports VALUES (1, 'complete') ON CONFLICT (id) DO UPDATE SET status = excluded.status",
}
for name, statement in statements.items():
    try:
        db.execute(statement)
        print(f"{name}: ok")
    except apsw.ConstraintError as error:
        print(f"{name}: {error}")
PY
seen=$(venv/bin/python try.py)
echo "$seen"
[ "$seen" = $'update: ok\nupsert: UNIQUE constraint failed: changes.id' ] || { echo "This has changed."; exit 1; }
