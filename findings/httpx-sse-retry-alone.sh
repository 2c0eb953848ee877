#!/usr/bin/env bash
# httpx-sse 0.4.3, httpx 0.28.1 (PyPI).
#
# Guess: a block of an event stream without `data` is no event, as HTML says; a reader takes a server's `retry:` and goes on.
# What happens: a block of `retry:` alone is given as an event, with the name `message`, no data, and the id of none: it is empty
#   until the stream has had one. A program that keeps each event's id as the place to go on from forgets its own.
# Seen: id=7 retry=None data=a | id=7 retry=2000 data=, on a second stream: id= retry=2000 data=
# Our project: the recipe in docs/changes.md keeps an id only where it has text, as its test showed that it must.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --disable-pip-version-check -q httpx-sse==0.4.3 httpx==0.28.1

cat > try.py <<'PY'
import httpx
from httpx_sse import EventSource


def events(text):
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=text.encode())
    return " | ".join(f"id={one.id} retry={one.retry} data={one.data}" for one in EventSource(response).iter_sse())


print(f"{events('id: 7' + chr(10) + 'data: a' + 2 * chr(10) + 'retry: 2000' + 2 * chr(10))}, on a second stream: "
      f"{events('retry: 2000' + 2 * chr(10))}")
PY
seen=$(venv/bin/python try.py)
echo "$seen"
[ "$seen" = "id=7 retry=None data=a | id=7 retry=2000 data=, on a second stream: id= retry=2000 data=" ] || { echo "This has changed."; exit 1; }
