#!/usr/bin/env bash
# graphql-ws 6.4.2, ws 8.23.0, graphql 16.15.0 (npm).
#
# Guess: with `retryAttempts: 3` a client that finds the server away tries four times.
# What happens: if the connection is refused it tries once and gives up: that is an error event, and by
#   default only a close event is tried again. A server that is back a second later is never found.
#   `shouldRetry: () => true` gives four tries.
# Seen: by default 1 try, with shouldRetry 4 tries
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --prefix . --silent --no-audit --no-fund graphql-ws@6.4.2 ws@8.23.0 graphql@16.15.0

cat > try.mjs <<'JS'
import { createServer } from 'node:net'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'

// A port that nothing listens on.
const port = await new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address()
    server.close(() => resolve(port))
  })
})

async function tries(options) {
  let count = 0
  class Counted extends WebSocket {
    constructor(...given) {
      super(...given)
      count += 1
    }
  }
  const client = createClient({
    url: `ws://127.0.0.1:${port}/graphql`,
    webSocketImpl: Counted,
    retryAttempts: 3,
    retryWait: async () => {},
    ...options,
  })
  await new Promise((resolve) => {
    client.subscribe({ query: 'subscription { changes }' }, { next() {}, complete: resolve, error: resolve })
  })
  return count === 1 ? '1 try' : `${count} tries`
}

console.log(`by default ${await tries({})}, with shouldRetry ${await tries({ shouldRetry: () => true })}`)
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "by default 1 try, with shouldRetry 4 tries" ] || { echo "This has changed."; exit 1; }
