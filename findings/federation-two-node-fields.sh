#!/usr/bin/env bash
# @apollo/composition 2.14.4, graphql 16.15.0 (npm).
#
# Guess: two subgraphs that each have Relay's `node(id: ID!): Node` compose if both mark it @shareable, as the error
#   without it suggests.
# What happens: without it INVALID_FIELD_SHARING, with it SHAREABLE_HAS_MISMATCHED_RUNTIME_TYPES, as the two have no
#   object type in common. Two Relay servers never compose as they are.
# Seen: plain INVALID_FIELD_SHARING, shareable SHAREABLE_HAS_MISMATCHED_RUNTIME_TYPES
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --prefix . --silent --no-audit --no-fund @apollo/composition@2.14.4 graphql@16.15.0

cat > try.mjs <<'JS'
import composition from '@apollo/composition'
import { parse } from 'graphql'

const subgraph = (name, type, directive) => ({
  name,
  url: `http://127.0.0.1/${name}`,
  typeDefs: parse(`
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])
    interface Node { id: ID! }
    type ${type} implements Node @key(fields: "id") { id: ID! name: String }
    type Query { node(id: ID!): Node ${directive} }
  `),
})
const codes = (directive) => {
  const subgraphs = [subgraph('imports', 'Import', directive), subgraph('drivers', 'Driver', directive)]
  const { errors = [] } = composition.composeServices(subgraphs)
  return errors.map(({ extensions }) => extensions.code).join(' ') || 'composed'
}
console.log(`plain ${codes('')}, shareable ${codes('@shareable')}`)
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "plain INVALID_FIELD_SHARING, shareable SHAREABLE_HAS_MISMATCHED_RUNTIME_TYPES" ] ||
  { echo "This has changed."; exit 1; }
