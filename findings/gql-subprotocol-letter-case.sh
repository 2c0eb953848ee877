#!/usr/bin/env bash
# gql 4.4.0 with websockets 17.4 (PyPI).
#
# Guess: a client that offers `graphql-transport-ws` speaks it where the server's answer chooses it, however the server writes
#   the names of headers: case does not matter in HTTP.
# What happens: it looks the answer's header up as `Sec-WebSocket-Protocol`. Where a server writes `sec-websocket-protocol`, as
#   hyper and others do, it takes the older protocol `graphql-ws` for chosen, and sends `start` where `subscribe` is due.
# Seen: Sec-WebSocket-Protocol: connection_init, subscribe
#   sec-websocket-protocol: connection_init, start
# Our project: docs/changes.md names the protocol to the client, as its test does.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --disable-pip-version-check -q 'gql[websockets]==4.4.0' websockets==17.4

cat > try.py <<'PY'
import asyncio
import base64
import hashlib
import json

from gql import Client, gql
from gql.transport.websockets import WebsocketsTransport


async def read_message(reader):
    """A text frame of a client, whose payload is masked."""
    _, length = await reader.readexactly(2)
    length &= 127
    if length == 126:
        length = int.from_bytes(await reader.readexactly(2))
    mask = await reader.readexactly(4)
    payload = await reader.readexactly(length)
    return json.loads(bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload)))


async def types_sent(header):
    """The types of the first two messages to a server that writes the header so."""
    types = []
    served = asyncio.Event()

    async def serve(reader, writer):
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line.split(": ")[1] for line in request.split("\r\n") if line.lower().startswith("sec-websocket-key"))
        accept = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        head = [
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Accept: {base64.b64encode(accept).decode()}",
            f"{header}: graphql-transport-ws",
        ]
        writer.write(("\r\n".join(head) + "\r\n\r\n").encode())
        types.append((await read_message(reader))["type"])
        acknowledged = json.dumps({"type": "connection_ack"}).encode()
        writer.write(bytes([0x81, len(acknowledged)]) + acknowledged)
        types.append((await read_message(reader))["type"])
        served.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def subscribe():
        async with Client(transport=WebsocketsTransport(url=f"ws://127.0.0.1:{port}/")) as session:
            async for _ in session.subscribe(gql("subscription { changes }")):
                pass

    task = asyncio.create_task(subscribe())
    await asyncio.wait_for(served.wait(), 30)
    task.cancel()
    await asyncio.wait([task], timeout=10)
    server.close()
    return ", ".join(types)


for header in ("Sec-WebSocket-Protocol", "sec-websocket-protocol"):
    print(f"{header}: {asyncio.run(types_sent(header))}")
PY
seen=$(venv/bin/python try.py 2>try.log) || { cat try.log; exit 1; }
echo "$seen"
expected='Sec-WebSocket-Protocol: connection_init, subscribe
sec-websocket-protocol: connection_init, start'
[ "$seen" = "$expected" ] || { echo "This has changed."; exit 1; }
