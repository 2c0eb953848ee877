/** What the page tests hold a page to: that it is noticed, and that it is a page's doing. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { describe } from 'node:test';
import { openBrowser, withPage } from './browser.js';
import { after, before, test, until } from './limits.js';

const FILES = {
  '/quiet': '<title>Quiet</title><p>Nothing but text',
  '/page': `<script>fetch('http://api.example.invalid/a').catch(() => {})</script>`,
  '/address': `<script>fetch('http://192.0.2.1/a').catch(() => {})</script>`,
  '/beacon': `<script>navigator.sendBeacon('http://beacon.example.invalid/a')</script>`,
  '/socket': `<script>new WebSocket('ws://socket.example.invalid/a')</script>`,
  '/style': '<link rel="stylesheet" href="/style.css"><p>Text',
  '/style.css': `@import url(http://styles.example.invalid/a.css);
    @font-face { font-family: Far; src: url(http://fonts.example.invalid/a.woff2) }
    body { font-family: Far }`,
  '/frame': '<iframe src="/page"></iframe>',
  '/worker': `<script>new Worker('/worker.js')</script>`,
  '/worker.js': `fetch('http://worker.example.invalid/a').catch(() => {})`,
  '/service': `<script>navigator.serviceWorker.register('/service.js').catch(() => {})</script>`,
  '/service.js': `fetch('http://service.example.invalid/a').catch(() => {})`,
  '/shared': `<script>new SharedWorker('/worker.js')</script>`,
};
const TYPES = { js: 'text/javascript', css: 'text/css' };

let server;
let url;
let browser;
before(async () => {
  server = createServer((request, response) => {
    const type = TYPES[request.url.split('.')[1]] ?? 'text/html';
    response.writeHead(request.url in FILES ? 200 : 204, { 'Content-Type': type }).end(FILES[request.url]);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${server.address().port}`;
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

describe('a request to another host', () => {
  for (const [path, ...wanted] of [
    ['/page', 'request to http://api.example.invalid/a'],
    ['/address', 'request to http://192.0.2.1/a'],
    ['/beacon', 'request to http://beacon.example.invalid/a'],
    ['/socket', 'request to ws://socket.example.invalid/a'],
    ['/style', 'request to http://styles.example.invalid/a.css', 'request to http://fonts.example.invalid/a.woff2'],
    ['/frame', 'request to http://api.example.invalid/a'],
    ['/worker', 'request to http://worker.example.invalid/a'],
    ['/service', 'request to http://service.example.invalid/a'],
    ['/shared', `console: shared worker: /worker.js`],
  ]) {
    test(`is noticed from ${path.slice(1)}, fails the test and reaches no one`, async () => {
      const failures = [];
      const visit = withPage(browser, url + path, {}, async (page, context, faults) => {
        page.on('requestfailed', (request) => failures.push(request.failure().errorText));
        await until(
          'the faults',
          async () => faults,
          (there) => wanted.every((one) => there.includes(one)),
        );
      });
      await assert.rejects(visit, (error) => {
        assert.equal(error.code, 'ERR_ASSERTION', error.stack);
        for (const one of wanted) assert.ok(error.actual.includes(one), error.message);
        return true;
      });
      assert.deepEqual(
        failures.filter((text) => text !== 'net::ERR_NAME_NOT_RESOLVED' && text !== 'net::ERR_ABORTED'),
        [],
      );
    });
  }
});

test('a page that asks for nothing elsewhere passes', () =>
  withPage(browser, `${url}/quiet`, {}, async (page) => {
    await page.getByText('Nothing but text').waitFor();
  }));

test('what the browser asks for by itself fails nothing', async () => {
  // The script that finds proxies is fetched by the browser's own process, from a host that is not the page's.
  const asked = [];
  const other = createServer((request, response) => {
    asked.push(request.url);
    response
      .writeHead(200, { 'Content-Type': 'application/x-ns-proxy-autoconfig' })
      .end(`function FindProxyForURL() { return 'DIRECT'; }`);
  });
  await once(other.listen(0, '127.0.0.1'), 'listening');
  const script = `http://127.0.0.1:${other.address().port}/proxies.pac`;
  const errant = await openBrowser({ proxy: `--proxy-pac-url=${script}` });
  try {
    await withPage(errant, `${url}/quiet`, {}, async (page) => {
      await until(
        'the request of the browser',
        async () => asked,
        (there) => there.includes('/proxies.pac'),
      );
      await page.reload();
    });
    // The same address, asked for by a page, is one too many.
    const visit = withPage(errant, `${url}/quiet`, { expected: /CORS|Failed to load/ }, async (page, _, faults) => {
      await page.evaluate((address) => fetch(address).catch(() => {}), script);
      await until('the fault', async () => faults, [`request to ${script}`]);
    });
    await assert.rejects(visit, { code: 'ERR_ASSERTION', actual: [`request to ${script}`] });
  } finally {
    await errant.close();
    other.closeAllConnections();
    other.close();
  }
});
