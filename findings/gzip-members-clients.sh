#!/usr/bin/env bash
# httpx 0.28.1, requests 2.34.2, aiohttp 3.14.5 (PyPI); curl 7.88.1 and wget 1.21.3 (Debian 12); Node 20's
#   fetch.
#
# Guess: an answer with `Content-Encoding: gzip` may consist of several gzip members (RFC 1952, section 2.2),
#   as a server writes that compresses each page of an export by itself, and a client gives what all of them
#   hold.
# What happens: httpx and wget give the first member, as if it were all. curl writes it and then fails with
#   exit status 23. The others give both.
# Seen: see `expected` below.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --disable-pip-version-check -q httpx==0.28.1 requests==2.34.2 aiohttp==3.14.5

cat > try.py <<'PY'
import asyncio
import gzip
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import aiohttp
import httpx
import requests

BODY = gzip.compress(b"first\n") + gzip.compress(b"second\n")


class Export(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_):
        pass


async def by_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.text()


def by_command(*command):
    run = subprocess.run(command, capture_output=True, text=True)
    return f"{run.stdout} (exit status {run.returncode})"


server = ThreadingHTTPServer(("127.0.0.1", 0), Export)
Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"
texts = {
    "requests": requests.get(url).text,
    "aiohttp": asyncio.run(by_aiohttp(url)),
    "httpx": httpx.get(url).text,
    "node": by_command("node", "-e", "fetch(process.argv[1]).then(a => a.text()).then(t => process.stdout.write(t))", url),
    "wget": by_command("wget", "-qO-", "--compression=auto", url),
    "curl": by_command("curl", "-s", "--compressed", url),
}
for client, text in texts.items():
    print(f"{client}: {' '.join(text.split())}")
PY
seen=$(venv/bin/python try.py)
expected='requests: first second
aiohttp: first second
httpx: first
node: first second (exit status 0)
wget: first (exit status 0)
curl: first (exit status 23)'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "This has changed."; exit 1; }
