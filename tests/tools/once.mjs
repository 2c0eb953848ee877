// Runs the recipes of docs/tools.md whose packages are too large for every run of the tests, as they take some minutes: by
// hand, with packages that were installed somewhere else.
//
// node once.mjs URL KEY airbyte FOLDER: FOLDER has `source-declarative-manifest`, of airbyte-cdk 7.39.1 (337 MB).
// node once.mjs URL KEY n8n FOLDER: FOLDER is a `node_modules` with n8n-core and n8n-workflow 2.40.1 (600 MB).
// URL is that of the gateway's GraphQL.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { areTheRows, changed, instead, lines, recipe, run, stopped, succeeded, write } from './recipes.mjs';

const [url, key, tool, folder] = process.argv.slice(2);
const base = url.replace(/\/graphql$/, '');
const gateway = { base, key, headers: { Authorization: `Bearer ${key}` } };
const made = `${await mkdtemp(`${tmpdir()}/once-`)}/`;
try {
  await { airbyte, n8n }[tool]();
  console.log(`${tool}: ok`);
} finally {
  await rm(made, { recursive: true });
}

async function airbyte() {
  const list = await changed(gateway);
  const text = await recipe('airbyte.yaml', { ...gateway, ...list });
  const stream = { name: 'imports', json_schema: {}, supported_sync_modes: ['full_refresh', 'incremental'] };
  const sync = { stream, sync_mode: 'incremental', destination_sync_mode: 'append', cursor_field: ['updated_at'] };
  const config = await write(made, 'config.json', JSON.stringify({ api_key: key, start_date: list.since }));
  const catalog = await write(made, 'catalog.json', JSON.stringify({ streams: [sync] }));
  const read = async (manifest) => {
    const path = await write(made, 'manifest.yaml', manifest);
    const words = ['read', '--config', config, '--catalog', catalog, '--manifest-path', path];
    // It tells nobody that it ran.
    return run(`${folder}/source-declarative-manifest`, words, { cwd: made, env: { DO_NOT_TRACK: '1' } });
  };
  const records = (output) =>
    lines(output)
      .filter(({ type }) => type === 'RECORD')
      .map(({ record }) => record.data);
  areTheRows(records(succeeded(await read(text))), list);
  const other = instead(text, 'field_name: start_cursor', 'field_name: cursor');
  const { error, stdout, stderr } = await read(other);
  assert.match(stdout, /400/);
  stopped({ error, stdout, stderr }, records);
}

/**
 * n8n's own loop over pages and its own expressions. What the node HTTP Request makes of its parameters before that is
 * done here as in its source (HttpRequestV3), and so is the request itself.
 */
async function n8n() {
  const list = await changed(gateway);
  const text = await recipe('n8n.json', { ...gateway, ...list });
  const read = await readsAll(text);
  areTheRows(read.rows, list);
  // n8n's default for the end of the list never comes true, and a blank cursor is the first page.
  const other = instead(text, '"paginationCompleteWhen": "other"', '"paginationCompleteWhen": "responseIsEmpty"');
  const { asked } = await readsAll(other, read.asked.length + 1);
  assert.equal(asked.at(-1), asked[0]);
  await assert.rejects(readsAll(instead(text, '"name": "start_cursor"', '"name": "cursor"')), /400/);
}

async function readsAll(text, most = 100) {
  const from = createRequire(`${folder}/n8n-core/package.json`);
  const helpers = `${folder}/n8n-core/dist/execution-engine/node-execution-context/utils/request-helpers`;
  const { requestWithAuthenticationPaginated } = from(`${helpers}/pagination.js`);
  const { Workflow } = from('n8n-workflow');
  const { nodes, connections } = JSON.parse(text);
  const description = { name: 'any', version: 1, defaults: {}, inputs: [], outputs: [], properties: [] };
  const nodeTypes = { getByNameAndVersion: () => ({ description }) };
  const given = nodes.map((node) => ({ ...node, id: node.name }));
  const workflow = new Workflow({ id: 'imports', nodes: given, connections, nodeTypes, active: false });
  const { parameters } = nodes.find(({ type }) => type === 'n8n-nodes-base.httpRequest');
  const pagination = parameters.options.pagination.pagination;
  const request = {};
  for (const { type, name, value } of pagination.parameters.parameters) (request[type] ??= {})[name] = value;
  const isComplete = pagination.completeExpression.trim().slice(3, -2);
  const isFailure = '$response.statusCode < 200 || $response.statusCode >= 300';
  const goesOn = {
    other: `={{ !(${isComplete}) || (${isFailure}) }}`,
    responseIsEmpty: '={{ Array.isArray($response.body) ? $response.body.length : !!$response.body }}',
  };
  const resolve = (value, item, runIndex, data, keys, asText) =>
    workflow.expression.getParameterValue(
      value, null, runIndex, item, 'Imports', [{ json: {} }], 'manual', keys, data, asText,
    );
  const asked = [];
  const send = async ({ uri, qs }) => {
    asked.push(`${uri}?${new URLSearchParams(qs)}`);
    const answer = await fetch(asked.at(-1), gateway);
    return { statusCode: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.json() };
  };
  const query = parameters.queryParameters.parameters.map(({ name, value }) => [name, value]);
  const pages = await requestWithAuthenticationPaginated.call(
    { helpers: { request: send } },
    { uri: parameters.url, qs: Object.fromEntries(query) },
    0,
    { continue: goesOn[pagination.paginationCompleteWhen], request, maxRequests: most },
    resolve,
    workflow.getNode('Imports'),
  );
  assert.ok(most < 100 || asked.length < most, 'it goes round and round');
  return { asked, rows: pages.flatMap(({ body }) => body.records) };
}
