// Runs tools that people point at an API on a running gateway: readers of its descriptions, clients made
// from them, the recipes that read the list page by page, and those that follow its changes.
//
// Usage: GATEWAY=… node run.mjs URL KEY, where URL is that of GraphQL, and GATEWAY the program `imports-gateway`. Prints each
// check that fails, and each that is left out as the machine lacks its tool, then `tools: 18 of 18`; exits with 1 unless all
// pass. With CI=true none may be left out. What is made is written below `node_modules/`, where it finds what it imports.
// docs/tools.md says what to set in each tool, docs/changes.md how each client follows changes.
import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as changes from './changes.mjs';
import * as clients from './clients.mjs';
import * as graphql from './graphql.mjs';
import * as pipelines from './pipelines.mjs';
import * as proxies from './proxies.mjs';
import * as readers from './readers.mjs';
import * as statuses from './statuses.mjs';

const [url, key] = process.argv.slice(2);
const { GATEWAY: program } = process.env;
if (!url || !key || !program) {
  console.error('usage: GATEWAY=… node run.mjs URL KEY');
  process.exit(2);
}

const made = fileURLToPath(new URL('node_modules/.cache/made/', import.meta.url));
await rm(made, { recursive: true, force: true });
await mkdir(made, { recursive: true });
const base = url.replace(/\/graphql$/, '');
const description = await (await fetch(`${base}/openapi.json`)).json();
const gateway = { url, base, key, made, program, description, headers: { Authorization: `Bearer ${key}` } };

const checks = [readers, clients, pipelines, graphql, statuses, changes, proxies].flatMap((file) => Object.entries(file));
assert.ok(checks.length >= 28);
let passed = 0;
let left = 0;
for (const [name, check] of checks) {
  try {
    // A check that a machine has no tool for says so and is not counted.
    const without = await check(gateway);
    assert.ok(!without || process.env.CI !== 'true', `nothing may be left out in CI: ${without}`);
    if (without) console.log(`left out ${name}: ${without}`);
    left += without ? 1 : 0;
    passed += without ? 0 : 1;
  } catch (error) {
    console.log(`failed ${name}\n    ${String(error.stack ?? error).replaceAll('\n', '\n    ')}`);
  }
}
console.log(`tools: ${passed} of ${checks.length - left}`);
process.exit(passed === checks.length - left ? 0 : 1);
