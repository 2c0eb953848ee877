#!/usr/bin/env bash
# graphql 17.1.0 and 16.15.0 (npm).
#
# Guess: one response key for `__typename` of one type and an enum field of another is refused, as the specification's
#   SameResponseShape asks leaves of one key to have one type, and as two fields of such types are refused.
# What happens: `validate` finds nothing wrong where one of the two is `__typename`, on either version.
# Seen: see `expected` below.
# Our project: both are refused, as the specification has it; the comparison with graphql-js leaves such keys out.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund graphql@17.1.0 graphql-16@npm:graphql@16.15.0 > /dev/null

cat > probe.mjs <<'JS'
const schemaText = `
  enum Status { DONE FAILED }
  interface Node { id: ID! }
  type Job implements Node { id: ID! status: Status! }
  type User implements Node { id: ID! name: String! }
  type Query { node: Node }
`;
for (const name of ['graphql', 'graphql-16']) {
  const { buildSchema, parse, validate, version } = await import(name);
  const schema = buildSchema(schemaText);
  for (const field of ['name', '__typename']) {
    const document = parse(`{ node { ... on User { key: ${field} } ... on Job { key: status } } }`);
    console.log(`${version} ${field}: ${validate(schema, document).length} errors`);
  }
}
JS
seen=$(node probe.mjs)
expected='17.1.0 name: 1 errors
17.1.0 __typename: 0 errors
16.15.0 name: 1 errors
16.15.0 __typename: 0 errors'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "This has changed."; exit 1; }
