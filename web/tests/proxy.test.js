/** The pages behind a proxy that serves the gateway below a prefix, which it takes off. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as ask } from 'node:http';
import { connect } from 'node:net';
import { describe } from 'node:test';
import { editorReady, openBrowser, withPage } from './browser.js';
import { KEY, URL_BASE } from './gateway.js';
import { after, before, test } from './limits.js';
import { openSource } from './source.js';

const PREFIX = '/gw';

/** A proxy that knows nothing but `PREFIX`, and what it was asked for beside it: pages must not leave it. */
async function startProxy() {
  const strays = [];
  const server = createServer((request, response) => {
    if (!request.url.startsWith(`${PREFIX}/`)) {
      // Chromium asks for it by itself.
      if (request.url !== '/favicon.ico') strays.push(`${request.method} ${request.url}`);
      response.writeHead(404).end();
      return;
    }
    const { method, headers } = request;
    const onward = ask(URL_BASE + request.url.slice(PREFIX.length), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  // A WebSocket: the request is passed on, and then bytes both ways.
  const sockets = [];
  server.on('upgrade', (request, socket, head) => {
    if (!request.url.startsWith(`${PREFIX}/`)) {
      strays.push(`${request.method} ${request.url}`);
      socket.destroy();
      return;
    }
    const { hostname, port } = new URL(URL_BASE);
    const onward = connect(port, hostname);
    const { rawHeaders } = request;
    const lines = rawHeaders.flatMap((name, index) => (index % 2 ? [] : `${name}: ${rawHeaders[index + 1]}`));
    onward.write([`GET ${request.url.slice(PREFIX.length)} HTTP/1.1`, ...lines, '', ''].join('\r\n'));
    onward.write(head);
    onward.pipe(socket).pipe(onward);
    for (const each of [socket, onward]) each.on('error', () => [socket, onward].forEach((end) => end.destroy()));
    sockets.push(socket, onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}${PREFIX}/`,
    strays,
    close() {
      server.close().closeAllConnections();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}

let browser;
let proxy;
before(async () => {
  [browser, proxy] = [await openBrowser(), await startProxy()];
});
after(async () => {
  proxy?.close();
  await browser?.close();
});

const onProxy = (name, path, body) =>
  test(name, async () => {
    await withPage(browser, proxy.url + path, {}, body);
    assert.deepEqual(proxy.strays, [], 'requests beside the prefix');
  });

const firstRow = (page) => page.locator('tr[data-import]').first();

describe('below the prefix of a proxy', () => {
  onProxy('the dashboard shows imports, links to views of its own, and opens them', '', async (page, context) => {
    await firstRow(page).waitFor();
    const other = await context.newPage();
    await other.goto(`${proxy.url}?status=failed&sort=created_at.asc`);
    await firstRow(other).waitFor();
    const links = await other.locator('a[href]').evaluateAll((all) => all.map((link) => link.href));
    assert.ok(links.length > 5, links.join());
    for (const link of links) assert.ok(link.startsWith(proxy.url), link);
    await other.getByRole('link', { name: 'Imports', exact: true }).click();
    await firstRow(other).waitFor();
    assert.equal(other.url(), proxy.url);
    await other.locator('.live-live').waitFor();
  });

  onProxy('an import is opened, and handed to the playground', '', async (page) => {
    await firstRow(page).click();
    await page.getByRole('link', { name: 'View this import in GraphiQL' }).click();
    await page.waitForURL(`${proxy.url}graphiql`);
    await editorReady(page);
    await page.getByRole('button', { name: /Execute query/ }).click();
    await page.locator('.graphiql-response').getByText('importByDatabaseId').first().waitFor();
    const workers = page.workers().map((worker) => worker.url());
    assert.ok(workers.length >= 2 && workers.every((url) => url.startsWith(proxy.url)), workers.join());
    await page.getByRole('link', { name: 'Dashboard' }).click();
    await page.waitForURL(proxy.url);
    await firstRow(page).waitFor();
  });

  test('a WebSocket is as safe as the page that opens it', async () => {
    const source = await openSource();
    try {
      const { socketUrl } = await source.ssrLoadModule('/page/socket.ts');
      assert.equal(socketUrl('https://a.example/gw/?status=failed#x'), 'wss://a.example/gw/graphql');
      assert.equal(socketUrl('http://127.0.0.1:8080/graphiql'), 'ws://127.0.0.1:8080/graphql');
    } finally {
      await source.close();
    }
  });

  test('a slash too many is redirected below the prefix, with the query string and the body', async () => {
    const headers = { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' };
    const page = await fetch(`${proxy.url}api/v1/imports/?per_page=3`, { headers });
    assert.equal(page.url, `${proxy.url}api/v1/imports?per_page=3`);
    assert.equal((await page.json()).records.length, 3);
    const body = JSON.stringify({ query: '{ viewer { name } }' });
    const answer = await fetch(`${proxy.url}graphql/`, { method: 'POST', headers, body });
    assert.equal(answer.url, `${proxy.url}graphql`);
    assert.equal(typeof (await answer.json()).data.viewer.name, 'string');
    assert.deepEqual(proxy.strays, []);
  });
});
