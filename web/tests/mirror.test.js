/** The line that says how old a mirror's imports are: two real gateways, of which one is a mirror of the other. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertAccessible, openBrowser, withPage } from './browser.js';
import { after, before, test, until } from './limits.js';
import { settled } from './list.js';
import { ownAddress, run, startGateway } from './process.js';

let browser;
let folder;
let upstream;
let mirror;
const keys = {};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imports-gateway-mirror-'));
  browser = await openBrowser();
  await account('theirs');
  await account('ours');
  await run(['seed', '--account', '1', '--rows', '150'], database('theirs'));
  upstream = await serve('theirs');
  const file = join(folder, 'mirrors.toml');
  await writeFile(join(folder, 'key'), keys.theirs);
  await writeFile(
    file,
    `[[mirror]]\naccount = 1\nupstream = "${upstream.url}"\nupstream_key_file = "key"\nevery = "1s"\nrate = "off"\n`,
  );
  mirror = await serve('ours', { GATEWAY_MIRROR: file });
});
after(async () => {
  await browser?.close();
  await Promise.all([mirror?.stop(), upstream?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

function database(name) {
  return { DATABASE_URL: `sqlite://${join(folder, name)}.db?mode=rwc`, RUST_LOG: 'off', GATEWAY_RATE_LIMIT: 'off' };
}

async function account(name) {
  await run(['account', 'create', '--name', name], database(name));
  keys[name] = (await run(['token', 'create', '--account', '1'], database(name))).trim();
}

const serve = async (name, more = {}) =>
  startGateway(['serve', '--listen', await ownAddress()], { ...database(name), ...more });

/** A page of a gateway that has the key already. */
function onPage(gateway, apiKey, body) {
  const before = (page) =>
    page.context().addInitScript((key) => {
      // Not on the page that a tab begins with.
      if (location.protocol === 'http:') sessionStorage.setItem('imports-gateway.key', key);
    }, apiKey);
  return withPage(browser, `${gateway.url}/`, { key: apiKey, before }, async (page) => {
    await settled(page);
    await body(page);
  });
}

const line = (page) => page.locator('p.mirror');
const lineIs = (page, wanted) =>
  until(
    'the line of the age',
    () => line(page).innerText(),
    (text) => wanted.test(text),
  );
const colour = (page) => line(page).evaluate((line) => getComputedStyle(line).color);

test('an account whose imports are its own has no line of an age', () =>
  onPage(upstream, keys.theirs, async (page) => {
    await until('the name of the account', () => page.locator('h1 .account').innerText(), 'theirs');
    assert.equal(await line(page).count(), 0);
  }));

test('the line tells the age of a mirror and, once its upstream is away, why it grows', async () => {
  const told = async () => (await fetch(`${mirror.url}/readyz`)).text();
  await until('a mirror that gets on', told, 'ready\n');
  await onPage(mirror, keys.ours, async (page) => {
    await lineIs(page, /^As of \d+ s ago$/);
    const usual = await colour(page);
    await assertAccessible(page, 'a mirror that follows');
    await upstream.stop();
    const stalled = /^As of \d+ s ago\. Nothing has come from 127\.0\.0\.1:\d+ for two intervals$/;
    await lineIs(page, stalled);
    assert.notEqual(await colour(page), usual);
    await assertAccessible(page, 'a mirror that is stalled');
    // It grows between two questions.
    const first = await line(page).innerText();
    await lineIs(page, new RegExp(`^(?!${first.split('. ')[0]}\\.)As of `));
    assert.match(await told(), /^ready\nthe mirror of account 1 is stalled: no page for \d+ s: cannot connect/);
    // As soon as it is back, so is the line.
    upstream = await startGateway(['serve', '--listen', new URL(upstream.url).host], database('theirs'));
    await lineIs(page, /^As of \d+ s ago$/);
    assert.equal(await colour(page), usual);
  });
});
