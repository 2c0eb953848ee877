#!/usr/bin/env bash
# @apollo/client 4.3.8, graphql 16.15.0, rxjs 7.8.2 (npm).
#
# Guess: two calls of `subscribe` are two subscriptions at the server, so the second also gets what the server sends first
#   to each, such as the state at that moment.
# What happens: equal operations share one, as queries in flight do. The second subscriber never gets the first event.
#   With `context: { queryDeduplication: false }` there are two.
# Seen: shared: 1 subscription, second got change 2; not shared: 2 subscriptions, second got snapshot, change 2
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --prefix . --silent --no-audit --no-fund @apollo/client@4.3.8 graphql@16.15.0 rxjs@7.8.2

cat > try.mjs <<'JS'
import { ApolloClient, ApolloLink, gql, InMemoryCache } from '@apollo/client'
import { Observable } from 'rxjs'

const query = gql`subscription { changes }`

// A server that sends a snapshot to each new subscription, and each change to all of them.
async function twoSubscribers(context) {
  const open = []
  const link = new ApolloLink(() => new Observable((subscriber) => {
    open.push(subscriber)
    subscriber.next({ data: { changes: 'snapshot' } })
  }))
  const client = new ApolloClient({ cache: new InMemoryCache(), link })
  const received = []
  const subscribe = () => client.subscribe({ query, context, fetchPolicy: 'no-cache' })
  subscribe().subscribe(() => {})
  await new Promise(setImmediate)
  subscribe().subscribe(({ data }) => received.push(data.changes))
  await new Promise(setImmediate)
  open.forEach((subscriber) => subscriber.next({ data: { changes: 'change 2' } }))
  await new Promise(setImmediate)
  return `${open.length} subscription${open.length > 1 ? 's' : ''}, second got ${received.join(', ')}`
}

console.log(`shared: ${await twoSubscribers({})}; not shared: ${await twoSubscribers({ queryDeduplication: false })}`)
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = 'shared: 1 subscription, second got change 2; not shared: 2 subscriptions, second got snapshot, change 2' ] ||
  { echo "This has changed."; exit 1; }
