#!/usr/bin/env bash
# swagger-client 3.39.0, which Swagger UI sends its requests with; openapi-fetch 0.17.0 (npm).
#
# Guess: query parameters go out in the order in which the caller gives them. Where several sort keys count in
#   the order of the query string, that order is the sort.
# What happens: openapi-fetch does so. swagger-client puts them in the order of the OpenAPI description: asked
#   for updated_at and then created_at, it asks for the other way round.
# Seen: see `expected` below.
# Our project: sort keys count in the order of the query string, so Swagger UI can ask for some orders only.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --prefix . --silent --no-audit --no-fund swagger-client@3.39.0 openapi-fetch@0.17.0

cat > try.mjs <<'JS'
import createClient from 'openapi-fetch'
import SwaggerClient from 'swagger-client'

const parameters = ['sort[created_at]', 'sort[updated_at]'].map((name) => ({
  name,
  in: 'query',
  schema: { type: 'string', enum: ['asc', 'desc'] },
}))
const spec = {
  openapi: '3.1.0',
  info: { title: 'Imports', version: '1' },
  servers: [{ url: 'http://127.0.0.1' }],
  paths: { '/imports': { get: { operationId: 'imports', parameters, responses: { 200: { description: 'A page' } } } } },
}
const query = { 'sort[updated_at]': 'desc', 'sort[created_at]': 'asc' }

const show = (client, url) => console.log(`${client}: ${decodeURIComponent(new URL(url).search)}`)
show('swagger-client', SwaggerClient.buildRequest({ spec, operationId: 'imports', parameters: query }).url)
const answer = async (request) => {
  show('openapi-fetch', request.url)
  return Response.json({})
}
await createClient({ baseUrl: 'http://127.0.0.1', fetch: answer }).GET('/imports', { params: { query } })
JS
seen=$(node try.mjs)
expected='swagger-client: ?sort[created_at]=asc&sort[updated_at]=desc
openapi-fetch: ?sort[updated_at]=desc&sort[created_at]=asc'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "This has changed."; exit 1; }
