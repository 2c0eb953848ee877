// Clients made from `/openapi.json`, each by its own generator or reader, on the running gateway. Every client lists with
// two statuses and two sort keys, as the forms of lists and the order of parameters are where they differ.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import openapiTS, { astToString } from 'openapi-typescript';
import createClient from 'openapi-fetch';
import SwaggerClient from 'swagger-client';
import { generateApi } from 'swagger-typescript-api';
import ts from 'typescript';
import { generateSource } from 'oazapfts';

const STATUSES = ['failed', 'complete', 'new'];
const QUERY = { 'filter[status][include]': STATUSES, 'sort[created_at]': 'asc', 'sort[id]': 'desc', per_page: 5 };

function isThePage(page) {
  assert.equal(page.records.length, 5);
  for (const { status } of page.records) assert.ok(STATUSES.includes(status), status);
  assert.deepEqual(page.filtered_by, [{ status: { include: STATUSES.join(',') } }]);
  assert.deepEqual(page.sorted_by, [{ created_at: 'asc' }, { id: 'desc' }]);
}

export async function openapiTypescript({ description }) {
  const types = astToString(await openapiTS(structuredClone(description)));
  assert.match(types, /next_cursor: string \| null;/);
  assert.match(types, /note: string \| null;/);
  compiles(types);
}

export async function openapiFetch({ base, headers }) {
  const client = createClient({ baseUrl: base, headers });
  for (const querySerializer of [undefined, { array: { style: 'form', explode: false } }]) {
    const { data, error } = await client.GET('/api/v1/imports', { params: { query: QUERY }, querySerializer });
    assert.equal(error, undefined);
    isThePage(data);
  }
  const first = (await client.GET('/api/v1/imports', { params: { query: { per_page: 2 } } })).data;
  const next = { start_cursor: first.next_cursor, per_page: 2 };
  const second = (await client.GET('/api/v1/imports', { params: { query: next } })).data;
  assert.equal(second.start_cursor, first.next_cursor);
  const path = { id: second.records[0].id };
  const { data } = await client.GET('/api/v1/imports/{id}', { params: { path } });
  assert.deepEqual(data, second.records[0]);
}

export async function swaggerClient({ base, key }) {
  const client = await SwaggerClient({ url: `${base}/openapi.json`, authorizations: { bearer: key } });
  // It sends parameters in the order of the description, whatever order its caller gave.
  const turned = Object.fromEntries(Object.entries(QUERY).reverse());
  for (const query of [QUERY, turned]) isThePage((await client.apis.imports.listImports(query)).body);
}

/** The server of the description is relative to its own URL, so nothing has to be set below a prefix that a proxy takes off. */
export async function swaggerClientBelowAPrefix({ base, key, headers }) {
  const asked = [];
  const proxy = createServer(async ({ url }, answer) => {
    asked.push(url);
    const found = url.startsWith('/gateway/') && (await fetch(base + url.slice('/gateway'.length), { headers }));
    answer.writeHead(found?.status ?? 404, { 'Content-Type': 'application/json' });
    answer.end(found && (await found.text()));
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  try {
    const url = `http://127.0.0.1:${proxy.address().port}/gateway/openapi.json`;
    const client = await SwaggerClient({ url, authorizations: { bearer: key } });
    isThePage((await client.apis.imports.listImports(QUERY)).body);
    assert.equal(asked.length, 2, asked.join(' '));
    assert.ok(asked[1].startsWith('/gateway/api/v1/imports?'), asked[1]);
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
}

export async function swaggerTypescriptApi({ base, headers, made, description }) {
  const { files } = await generateApi({ spec: structuredClone(description), output: false, silent: true });
  const file = `${made}swagger-typescript-api.mjs`;
  await writeFile(file, compiles(files.map(({ fileContent }) => fileContent).join('\n')));
  const { Api } = await import(file);
  const api = new Api({ baseUrl: base, baseApiParams: { headers, format: 'json' } });
  const { data } = await api.api.listImports(QUERY);
  isThePage(data);
}

export async function oazapftsClient(gateway) {
  const file = `${gateway.made}oazapfts.mjs`;
  await writeFile(file, compiles(await generateSource(`${gateway.base}/openapi.json`)));
  const client = await import(file);
  client.defaults.baseUrl = gateway.base;
  client.defaults.headers = gateway.headers;
  // Its names for parameters are its own; in the order of the description, like what it sends.
  const source = await readFile(file, 'utf8');
  assert.match(source, /sort\[created_at\][\s\S]*sort\[id\]/);
  const { status, data } = await client.listImports({
    filterStatusInclude: STATUSES,
    sortId: 'desc',
    sortCreatedAt: 'asc',
    perPage: 5,
  });
  assert.equal(status, 200, JSON.stringify(data));
  isThePage(data);
}

/** A client that pages in the way of another API is told so on its first page, not sent round and round. */
export async function clientsOfOtherApis({ base, headers }) {
  const positions = ['cursor', 'after', 'page', 'offset', 'next_cursor', 'page_token', 'page[number]', 'pageToken'];
  for (const name of positions) {
    const answer = await fetch(`${base}/api/v1/imports?${encodeURIComponent(name)}=2`, { headers });
    const { errors } = await answer.json();
    assert.equal(answer.status, 400, name);
    assert.match(errors[name][0], /start_cursor/, name);
  }
}

/** The text as JavaScript. Throws where it is no TypeScript. */
function compiles(text) {
  const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 };
  const { outputText, diagnostics } = ts.transpileModule(text, { compilerOptions: options, reportDiagnostics: true });
  assert.deepEqual(
    diagnostics.map(({ messageText }) => messageText),
    [],
  );
  return outputText;
}
