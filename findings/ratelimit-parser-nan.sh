#!/usr/bin/env bash
# ratelimit-header-parser 0.1.0 (npm).
#
# Guess: a server may send the RateLimit fields of the IETF draft's revision 11 beside the older
#   RateLimit-Limit, -Remaining and -Reset: a client reads those that it knows.
# What happens: as soon as `RateLimit` is there the parser looks at nothing else. It expects revision 07's
#   form in it, and gives NaN for all four values, also for those that the older fields state. `remaining < 1`
#   is then never true.
# Seen: old fields alone: 42 of 100; both: NaN of NaN
# Our project: answers have the three older fields only.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --prefix . --silent --no-audit --no-fund ratelimit-header-parser@0.1.0

cat > try.mjs <<'JS'
import { parseRateLimit } from 'ratelimit-header-parser'

const older = { 'ratelimit-limit': '100', 'ratelimit-remaining': '42', 'ratelimit-reset': '30' }
const newer = { 'ratelimit-policy': '"points";q=100;w=60', ratelimit: '"points";r=42;t=30' }
const read = (headers) => {
  const { remaining, limit } = parseRateLimit(headers)
  return `${remaining} of ${limit}`
}
console.log(`old fields alone: ${read(older)}; both: ${read({ ...older, ...newer })}`)
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "old fields alone: 42 of 100; both: NaN of NaN" ] || { echo "This has changed."; exit 1; }
