#!/usr/bin/env bash
# swagger-client 3.39.0, openapi-fetch 0.17.0, @oazapfts/runtime 1.2.0 (npm).
#
# Guess: an object in an object, as a query parameter of style deepObject, is written with one more pair of brackets; all
#   three take such a description and such a value.
# What happens: three clients, three results. One writes the brackets, one writes JSON behind the first pair, one throws when
#   it is called. OpenAPI defines deepObject for one level only.
# Seen: see `expected` below.
# Our project: the description has each filter as a parameter of its own, `filter[created_at][gte]`.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --prefix . --silent --no-audit --no-fund \
  swagger-client@3.39.0 openapi-fetch@0.17.0 @oazapfts/runtime@1.2.0

cat > try.mjs <<'JS'
import { deep } from '@oazapfts/runtime/query'
import { createQuerySerializer } from 'openapi-fetch'
import SwaggerClient from 'swagger-client'

const filter = { status: { include: 'failed' } }
const status = { type: 'object', properties: { include: { type: 'string' } } }
const parameter = {
  name: 'filter',
  in: 'query',
  style: 'deepObject',
  explode: true,
  schema: { type: 'object', properties: { status } },
}
const spec = {
  openapi: '3.1.0',
  info: { title: 'Imports', version: '1' },
  servers: [{ url: 'http://127.0.0.1' }],
  paths: {
    '/imports': { get: { operationId: 'imports', parameters: [parameter], responses: { 200: { description: 'A page' } } } },
  },
}
const clients = {
  oazapfts: () => deep({ filter }),
  'swagger-client': () =>
    new URL(SwaggerClient.buildRequest({ spec, operationId: 'imports', parameters: { filter } }).url).search.slice(1),
  'openapi-fetch': () => createQuerySerializer({ object: { style: 'deepObject', explode: true } })({ filter }),
}
for (const [client, query] of Object.entries(clients)) {
  try {
    console.log(`${client}: ${decodeURIComponent(query())}`)
  } catch (error) {
    console.log(`${client}: ${error.name}`)
  }
}
JS
seen=$(node try.mjs)
expected='oazapfts: filter[status][include]=failed
swagger-client: filter[status]={"include":"failed"}
openapi-fetch: Error'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "This has changed."; exit 1; }
