#!/usr/bin/env bash
# @apollo/client 4.3.8, graphql 16.15.0, rxjs 7.8.2 (npm).
#
# Guess: the cache gives back what was written: an empty list's cursors are null.
# What happens: `relayStylePagination` makes them "". A list that looks for newer rows with `after: endCursor`
#   then sends an empty cursor, and a test for null does not see that there is none. Without that field policy
#   they stay null.
# Seen: relayStylePagination "" "", no policy null null
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --prefix . --silent --no-audit --no-fund @apollo/client@4.3.8 graphql@16.15.0 rxjs@7.8.2

cat > try.mjs <<'JS'
import { gql, InMemoryCache } from '@apollo/client'
import { relayStylePagination } from '@apollo/client/utilities'

const query = gql`
  {
    imports {
      edges { cursor }
      pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
    }
  }
`
const pageInfo = { startCursor: null, endCursor: null, hasNextPage: false, hasPreviousPage: false }
const cursors = (fields) => {
  const cache = new InMemoryCache({ typePolicies: { Query: { fields } } })
  cache.writeQuery({ query, data: { imports: { edges: [], pageInfo } } })
  const read = cache.readQuery({ query }).imports.pageInfo
  return `${JSON.stringify(read.startCursor)} ${JSON.stringify(read.endCursor)}`
}
console.log(`relayStylePagination ${cursors({ imports: relayStylePagination() })}, no policy ${cursors({})}`)
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = 'relayStylePagination "" "", no policy null null' ] || { echo "This has changed."; exit 1; }
