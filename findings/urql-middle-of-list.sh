#!/usr/bin/env bash
# @urql/exchange-graphcache 9.0.2, @urql/core 6.0.3, graphql 16.15.0 (npm).
#
# Guess: relayPagination merges pages by where they stand, and its pageInfo is the server's for either end of
#   what is loaded.
# What happens: it goes by which of `after` and `before` a page was asked with. A list opened in the middle
#   (rows 3 and 4, `after` 2) says hasPreviousPage false, although the server said true, so nothing offers
#   rows 1 and 2. Loaded with `before` 3 they stand behind 3 and 4. mergeMode 'outwards' mends the order, not
#   hasPreviousPage.
# Seen: see `expected` below.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --prefix . --silent --no-audit --no-fund @urql/exchange-graphcache@9.0.2 @urql/core@6.0.3 graphql@16.15.0

cat > try.mjs <<'JS'
import { cacheExchange } from '@urql/exchange-graphcache'
import { relayPagination } from '@urql/exchange-graphcache/extras'
import { Client, fetchExchange, gql } from '@urql/core'

const ROWS = ['1', '2', '3', '4', '5', '6']
const query = gql`
  query ($first: Int, $after: String, $last: Int, $before: String) {
    imports(first: $first, after: $after, last: $last, before: $before) {
      edges { cursor node { id } }
      pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
    }
  }
`

function page({ first, after, last, before }) {
  const between = ROWS.filter((id) => (!after || id > after) && (!before || id < before))
  const ids = last ? between.slice(-last) : between.slice(0, first)
  return {
    __typename: 'ImportConnection',
    edges: ids.map((id) => ({ __typename: 'ImportEdge', cursor: id, node: { __typename: 'Import', id } })),
    pageInfo: {
      __typename: 'PageInfo',
      startCursor: ids[0],
      endCursor: ids.at(-1),
      hasNextPage: ids.at(-1) !== ROWS.at(-1),
      hasPreviousPage: ids[0] !== ROWS[0],
    },
  }
}

async function serve(_, { body }) {
  const data = { __typename: 'Query', imports: page(JSON.parse(body).variables) }
  return new Response(JSON.stringify({ data }), { headers: { 'Content-Type': 'application/json' } })
}

for (const mergeMode of ['inwards', 'outwards']) {
  const resolvers = { Query: { imports: relayPagination({ mergeMode }) } }
  const client = new Client({
    url: 'http://127.0.0.1/graphql',
    fetch: serve,
    preferGetMethod: false,
    exchanges: [cacheExchange({ resolvers }), fetchExchange],
  })
  const middle = (await client.query(query, { first: 2, after: '2' })).data.imports
  const whole = (await client.query(query, { last: 2, before: '3' })).data.imports
  const ids = (list) => list.edges.map(({ node }) => node.id).join(' ')
  console.log(`${mergeMode}: ${ids(middle)}, hasPreviousPage ${middle.pageInfo.hasPreviousPage}; then ${ids(whole)}`)
}
JS
seen=$(node try.mjs)
expected='inwards: 3 4, hasPreviousPage false; then 3 4 1 2
outwards: 3 4, hasPreviousPage false; then 1 2 3 4'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "This has changed."; exit 1; }
