// Runs the recipe of docs/tools.md that is too large for every run of the tests, as its packages take some minutes:
// Airbyte's. By hand, with an environment that has airbyte-cdk 7.39.1 (337 MB):
//
// node once.mjs URL KEY FOLDER, where URL is that of the gateway's GraphQL, and FOLDER has `source-declarative-manifest`.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { areTheRows, changed, instead, lines, recipe, run, stopped, succeeded, write } from './recipes.mjs';

const [url, key, folder] = process.argv.slice(2);
const base = url.replace(/\/graphql$/, '');
const gateway = { base, key, headers: { Authorization: `Bearer ${key}` } };
const made = `${await mkdtemp(`${tmpdir()}/once-`)}/`;
try {
  await airbyte();
  console.log('airbyte: ok');
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
