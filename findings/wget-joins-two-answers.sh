#!/usr/bin/env bash
# wget 1.21.3 (Debian 12).
#
# Guess: after a broken connection wget asks for the rest with `If-Range`, or looks at the ETag of what comes.
# What happens: it asks with Range alone and appends what it gets. If the resource has changed meanwhile, the
#   file holds the beginning of the old text and the end of the new one; exit status 0, no warning. The server
#   says so in each answer: another ETag, another length.
# Seen: exit status 0, file aaaaaaaabbbbbbbbbbbbbbbbbbbbbb
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

cat > try.py <<'PY'
import socket
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

OLD = b"a" * 20
NEW = b"b" * 30


class Export(BaseHTTPRequestHandler):
    """The first answer breaks off after eight bytes of OLD; from then on the text is NEW."""

    protocol_version = "HTTP/1.1"
    requests = 0

    def do_GET(self):
        Export.requests += 1
        if Export.requests == 1:
            self.answer(200, '"old"', OLD, {}, length=8)
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        wanted = self.headers.get("Range")
        if wanted and self.headers.get("If-Range") in (None, '"new"'):
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            span = {"Content-Range": f"bytes {start}-{len(NEW) - 1}/{len(NEW)}"}
            self.answer(206, '"new"', NEW[start:], span)
        else:
            self.answer(200, '"new"', NEW, {})

    def answer(self, status, etag, body, headers, length=None):
        self.send_response(status)
        self.send_header("ETag", etag)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:length])
        self.wfile.flush()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Export)
Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/export"
run = subprocess.run(["wget", "-q", "--tries=3", "--waitretry=0", "-O", "export", url])
print(f"exit status {run.returncode}, file {open('export').read()}")
PY
seen=$(python3 try.py)
echo "$seen"
[ "$seen" = "exit status 0, file aaaaaaaabbbbbbbbbbbbbbbbbbbbbb" ] || { echo "This has changed."; exit 1; }
