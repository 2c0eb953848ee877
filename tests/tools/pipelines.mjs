// Tools that read the list page by page, each by its recipe of docs/tools.md: every row since an instant, once and in
// order; and without the setting of the recipe, an error after one page and no circle.
import { loadGraphQLSchemaFromOpenAPI } from '@omnigraph/openapi';
import assert from 'node:assert/strict';
import { graphql } from 'graphql';
import { fileURLToPath } from 'node:url';
import { areTheRows, changed, instead, lines, python, recipe, stopped, succeeded, write } from './recipes.mjs';

export async function dlt(gateway) {
  const list = await changed(gateway);
  const text = await recipe('dlt.py', { ...gateway, ...list });
  const read = async (script) =>
    python('python', [await write(gateway.made, 'read_with_dlt.py', script)], { cwd: gateway.made });
  areTheRows(lines(succeeded(await read(text))), list);
  const guessing = text.replace(/^ +paginator=.*\n/m, '');
  assert.notEqual(guessing, text);
  assert.match(stopped(await read(guessing), lines), /400 Client Error/);
}

export async function singer(gateway) {
  const list = await changed(gateway);
  const text = await recipe('singer.json', { ...gateway, ...list });
  const read = async (config) =>
    python('tap-rest-api-msdk', ['--config', await write(gateway.made, 'singer.json', config)], { cwd: gateway.made });
  const messages = lines(succeeded(await read(text)));
  areTheRows(records(messages), list);
  // The next run goes on where this one ended.
  const { value } = messages.findLast(({ type }) => type === 'STATE');
  assert.equal(value.bookmarks.imports.replication_key_value, list.rows.at(-1).updated_at);
  for (const setting of ['  "pagination_next_page_param": "start_cursor",\n', '  "start_date": "']) {
    const other = setting.endsWith('\n') ? '' : '  "no_start_date": "';
    const said = stopped(await read(instead(text, setting, other)), (output) => records(lines(output)));
    assert.match(said, /400 Client Error/);
  }
}

const records = (messages) => messages.filter(({ type }) => type === 'RECORD').map(({ record }) => record);

/** Parsed by Microsoft's parser and run by pqtools; only the request itself is made by powerbi.py. */
export async function powerBi(gateway) {
  const list = await changed(gateway);
  const text = await recipe('powerbi.pq', { ...gateway, ...list });
  const runner = fileURLToPath(new URL('powerbi.py', import.meta.url));
  const read = async (query) =>
    python('python', [runner, await write(gateway.made, 'powerbi.pq', query)], { cwd: gateway.made });
  areTheRows(lines(succeeded(await read(text))), list);
  const other = instead(text, '[start_cursor = cursor]', '[cursor = cursor]');
  assert.match(stopped(await read(other), lines), /HTTP Error 400/);
}

export async function clientele(gateway) {
  const list = await changed(gateway);
  const made = ['start-api', '--url', `${gateway.base}/openapi.json`, '--output', 'imports_client'];
  const options = { cwd: gateway.made };
  succeeded(await python('clientele', made, options));
  const text = await recipe('clientele.py', { ...gateway, ...list });
  const env = { BASE_URL: gateway.base, HEADERS: JSON.stringify(gateway.headers) };
  const program = await write(gateway.made, 'read_with_clientele.py', text);
  const output = succeeded(await python('python', [program], { ...options, env }));
  areTheRows(lines(output), list, ['complete', 'failed']);
}

export async function graphqlMesh(gateway) {
  const list = await changed(gateway);
  const source = await recipe('mesh.graphql', { ...gateway, ...list });
  const schema = await loadGraphQLSchemaFromOpenAPI('imports', {
    source: `${gateway.base}/openapi.json`,
    endpoint: gateway.base,
    operationHeaders: gateway.headers,
    fetch,
  });
  const read = [];
  let after = null;
  do {
    const { data, errors } = await graphql({ schema, source, variableValues: { after } });
    assert.equal(errors, undefined, JSON.stringify(errors));
    assert.equal(data.listImports.__typename, 'Page', JSON.stringify(data));
    read.push(...data.listImports.records);
    after = data.listImports.next_cursor;
  } while (after);
  areTheRows(read, list, ['complete', 'failed']);
  assert.ok(read.some(({ note }) => note === null) && read.some(({ note }) => note));
}

/** The requests of the recipe, as the plugin's `remote.go` makes them. The plugin itself is not run. */
export async function requestsOfGrafanaInfinity(gateway) {
  const list = await changed(gateway);
  const query = JSON.parse(await recipe('infinity.json', { ...gateway, ...list }));
  const page = async (cursor, name = query.pagination_param_cursor_field_name) => {
    const params = new URLSearchParams(query.url_options.params.map(({ key, value }) => [key, value]));
    if (cursor) params.append(name, cursor);
    return fetch(`${query.url}?${params}`, { headers: gateway.headers });
  };
  const read = [];
  let cursor = '';
  do {
    const answer = await (await page(cursor)).json();
    read.push(...answer[query.root_selector]);
    // A path of GJSON that leads to null gives an empty text.
    cursor = answer[query.pagination_param_cursor_extraction_path] ?? '';
  } while (cursor);
  areTheRows(read, list);
  // `cursor` is the name that it sends where none is set.
  assert.equal((await page('EgYC', 'cursor')).status, 400);
}
