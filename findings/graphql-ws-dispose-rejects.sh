#!/usr/bin/env bash
# graphql-ws 6.4.2, ws 8.23.0, graphql 16.15.0 (npm).
#
# Guess: `dispose()` of a client closes what is open, and is done where nothing is.
# What happens: called while a connection is being made that then fails, it rejects with the close event of that connection;
#   the subscription is told that it is complete. A page that calls it and does not wait for it has an unhandled rejection.
# Seen: subscription: complete, dispose: rejected by 1006
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --prefix . --silent --no-audit --no-fund graphql-ws@6.4.2 ws@8.23.0 graphql@16.15.0

cat > dispose.mjs <<'JS'
import { createServer } from 'node:http'
import { createClient } from 'graphql-ws'
import { WebSocketServer, WebSocket } from 'ws'

// A server that lets a client in and goes away before it has answered `connection_init`.
const http = createServer()
const sockets = new WebSocketServer({ server: http })
await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve))

let disposed
const client = createClient({
  url: `ws://127.0.0.1:${http.address().port}/graphql`,
  webSocketImpl: WebSocket,
  retryAttempts: 0,
})
sockets.on('connection', (socket) => {
  disposed = Promise.resolve(client.dispose()).then(
    () => 'resolved',
    (reason) => `rejected by ${reason.code}`,
  )
  setImmediate(() => socket.terminate())
})
const told = await new Promise((resolve) => {
  const sink = { next() {}, error: ({ code }) => resolve(code), complete: () => resolve('complete') }
  client.subscribe({ query: 'subscription { changes }' }, sink)
})
console.log(`subscription: ${told}, dispose: ${await disposed}`)
http.close()
JS
seen=$(node dispose.mjs)
echo "$seen"
[ "$seen" = "subscription: complete, dispose: rejected by 1006" ] || { echo "This has changed."; exit 1; }
