/** A list that moves: rows of a real gateway that change while a page shows them, and connections that are lost. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'node:test';
import { assertAccessible, openBrowser, REFUSED, withPage } from './browser.js';
import { after, before, test, until } from './limits.js';
import { button, focusIs, rows, settled, shown, tab } from './list.js';
import { ownAddress, run, startGateway } from './process.js';

const ROWS = 400;
/** Rows that show as much as the README's pictures. */
const BASE = { type: 'VehicleImport', file_size: '2048', note: null, completed_at: null };

let browser;
let folder;
let home;
let key;
let address;
let gateway;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imports-gateway-live-'));
  home = { DATABASE_URL: `sqlite://${join(folder, 'home')}.db?mode=rwc`, RUST_LOG: 'off', GATEWAY_RATE_LIMIT: 'off' };
  await run(['account', 'create', '--name', 'Acme'], home);
  key = (await run(['token', 'create', '--account', '1'], home)).trim();
  await run(['seed', '--account', '1', '--rows', String(ROWS)], home);
  address = await ownAddress();
  [gateway, browser] = await Promise.all([serve(), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await gateway?.stop();
  await rm(folder, { recursive: true, force: true });
});

const serve = () => startGateway(['serve', '--listen', address], home);

/** Runs a test on a page that has a key already. */
function onLive(name, { path = '/', ...options }, body) {
  test(name, () => onPage(path, options, body));
}

function onPage(path, { apiKey = key, ...options }, body) {
  const before = (page) =>
    page.context().addInitScript((key) => {
      // Not on the page that a tab begins with.
      if (location.protocol === 'http:') sessionStorage.setItem('imports-gateway.key', key);
    }, apiKey);
  return withPage(browser, gateway.url + path, { key: apiKey, before, ...options }, async (page, context) => {
    await settled(page);
    await stateIs(page, 'Live');
    await body(page, context);
  });
}

const state = (page) => page.locator('.live-state').innerText();
const stateIs = (page, wanted) => until('the state of the connection', () => state(page), wanted);
const newer = (page) => page.locator('.newer button');
const newerIs = (page, wanted) => until('what waits', () => newer(page).allInnerTexts(), wanted);
const row = (page, id) => page.locator(`.rows [data-import="${id}"]`);
const statusIs = (page, id, wanted) =>
  until(`the status of ${id}`, () => row(page, id).locator('.status').innerText(), wanted);
const markIs = (page, id, wanted) => until(`the mark of ${id}`, () => row(page, id).getAttribute('data-live'), wanted);
/** The list is being read: by the keyboard, as a pointer is lost where a window changes its size. */
const read = (page) => rows(page).nth(1).getByRole('link').focus();
async function lookAway(page) {
  await page.mouse.move(2, 2);
  await page.evaluate(() => document.activeElement.blur());
}

/** What the service says, without its pages. */
async function records(query = 'per_page=50', apiKey = key) {
  const response = await fetch(`${gateway.url}/api/v1/imports?${query}`, {
    headers: { Authorization: `Bearer ${apiKey}` },
  });
  return (await response.json()).records;
}

let files = 0;

/** Writes imports as an application does: past the gateway. */
async function write(all, account = '1') {
  files += 1;
  const file = join(folder, `${files}.ndjson`);
  await writeFile(file, all.map((record) => JSON.stringify(record)).join('\n'));
  await run(['load', '--account', account, file], home);
}

/** Changes imports that there are; each is then later than before. */
async function change(ids, facts) {
  const all = await records('per_page=100');
  const later = (at) => new Date(Math.max(Date.now(), Date.parse(at) + 1000)).toISOString();
  await write(
    ids.map((id) => {
      const record = all.find((each) => String(each.id) === id);
      const updated_at = later(record.updated_at);
      const completed_at = ['complete', 'failed'].includes(facts.status) ? updated_at : null;
      return { ...record, updated_at, completed_at, ...facts };
    }),
  );
}

/** Adds imports, and gives their ids, the newest first. */
async function add(count, facts = {}) {
  const [newest] = await records('per_page=10');
  const at = new Date().toISOString();
  const ids = Array.from({ length: count }, (_, index) => newest.id + 1 + index);
  await write(
    ids.map((id) => ({
      ...BASE,
      id,
      file_name: `live_${id}.csv`,
      status: 'new',
      created_at: at,
      updated_at: at,
      ...facts,
    })),
  );
  return ids.map(String).reverse();
}

describe('a live list', () => {
  onLive('shows a change where the row stands, in its details, on the tabs and in the chart', {}, async (page) => {
    await rows(page).nth(1).hover();
    const order = await shown(page);
    const [, , id] = order;
    const count = async () => Number(await tab(page, /^New/).locator('.tab-count').innerText());
    const drawn = () => page.locator('.legend').innerText();
    const counted = await count();
    await change([id], { status: 'new' });
    await statusIs(page, id, 'New');
    await until('the count of the tab', count, counted + 1);
    const legend = await drawn();
    await change([id], { status: 'failed', note: 'Line 7: no such driver' });
    await markIs(page, id, 'changed');
    await statusIs(page, id, 'Failed');
    assert.deepEqual(await shown(page), order, 'no row has moved');
    await until('the count of the tab', count, counted);
    await until('the legend of the chart', drawn, (text) => text !== legend);
    await markIs(page, id, null);
    await row(page, id).click();
    const panel = page.getByRole('dialog');
    await panel.getByText('Line 7: no such driver').waitFor();
    await change([id], { status: 'complete', note: 'Mended' });
    await panel.getByText('Mended').waitFor();
    await until('the status in the panel', () => panel.locator('.status').innerText(), 'Complete');
  });

  onLive('keeps new imports waiting while it is read, and lets them in by a click or by itself', {}, async (page) => {
    await read(page);
    const before = await shown(page);
    const three = await add(3);
    await newerIs(page, ['3 newer']);
    const [four] = await add(1);
    await newerIs(page, ['4 newer']);
    assert.deepEqual(await shown(page), before);
    await newer(page).click();
    await until('the first rows', async () => (await shown(page)).slice(0, 5), [four, ...three, before[0]]);
    await markIs(page, four, 'joined');
    await newerIs(page, []);
    await lookAway(page);
    const [five] = await add(1);
    await until('the first rows', async () => (await shown(page)).slice(0, 2), [five, four]);
    await page.evaluate(() => scrollTo(0, 2000));
    await until('rows further down', async () => (await shown(page)).includes(five), false);
    const top = await page.evaluate(() => scrollY);
    const [six] = await add(1);
    await newerIs(page, ['1 newer']);
    assert.equal(await page.evaluate(() => scrollY), top, 'the page stays where it is');
    await assertAccessible(page, 'a newer import waits');
    await newer(page).click();
    await until('the first row', async () => (await shown(page))[0], six);
  });

  onLive(
    'lets an import that has left the filter stand until nobody reads it',
    { path: '/?status=new' },
    async (page) => {
      const [first, second] = await add(2);
      await until('the first rows', async () => (await shown(page)).slice(0, 2), [first, second]);
      await read(page);
      await change([first], { status: 'failed' });
      await markIs(page, first, 'left');
      await statusIs(page, first, 'Failed');
      assert.match(await row(page, first).textContent(), /no longer in this list/);
      assert.equal((await shown(page))[0], first);
      await assertAccessible(page, 'a row has left the list');
      // It comes back, and goes for good.
      await change([first], { status: 'new' });
      await markIs(page, first, 'changed');
      await change([first], { status: 'complete' });
      await markIs(page, first, 'left');
      await lookAway(page);
      await until('the first row', async () => (await shown(page))[0], second);
    },
  );

  onLive('catches up where the service was away, and says so', { expected: REFUSED }, async (page) => {
    await read(page);
    const [, id] = await shown(page);
    await gateway.crash();
    await stateIs(page, 'Reconnecting…');
    gateway = await serve();
    await gateway.crash();
    // A write while nobody serves.
    gateway = await serve();
    await change([id], { status: 'rolled_back' });
    await stateIs(page, 'Live');
    await statusIs(page, id, 'Rolled back');
    const added = await add(2);
    await newerIs(page, ['2 newer']);
    await lookAway(page);
    await until('the first rows', async () => (await shown(page)).slice(0, 2), added);
    const now = (await records()).map(({ id }) => String(id));
    await until('what is shown', async () => (await shown(page)).slice(0, 12), now.slice(0, 12));
  });

  onLive('stops and goes on as the reader says, and keeps to it', {}, async (page) => {
    await read(page);
    await button(page, 'Pause live updates').click();
    await stateIs(page, 'Paused');
    await focusIs(page, 'Go on with live updates');
    const [, id] = await shown(page);
    const before = await row(page, id).locator('.status').innerText();
    await change([id], { status: before === 'Queued' ? 'processing' : 'queued' });
    await page.reload();
    await settled(page);
    await stateIs(page, 'Paused');
    const after = before === 'Queued' ? 'Processing' : 'Queued';
    await statusIs(page, id, after);
    await change([id], { status: 'unsupported' });
    await button(page, 'Go on with live updates').click();
    await statusIs(page, id, 'Unsupported');
    await assertAccessible(page, 'live');
  });

  onLive('catches up when it is looked at again after an hour', {}, async (page) => {
    await read(page);
    const [, id] = await shown(page);
    await hideFor(page, '01:00:00');
    await change([id], { status: 'incomplete' });
    assert.notEqual(await row(page, id).locator('.status').innerText(), 'Incomplete');
    await look(page);
    await stateIs(page, 'Live');
    await statusIs(page, id, 'Incomplete');
  });

  onLive('is read anew where what it missed is no longer known', {}, async (page) => {
    await read(page);
    const [, id] = await shown(page);
    await hideFor(page, '01:00:00');
    await change([id], { status: 'partially_complete' });
    await run(['changes', 'expire', '--account', '1'], home);
    await look(page);
    await statusIs(page, id, 'Partially complete');
    await stateIs(page, 'Live');
    await change([id], { status: 'failed' });
    await statusIs(page, id, 'Failed');
  });

  onLive('tells a screen reader at most every fifteen seconds', {}, async (page) => {
    await read(page);
    await page.clock.install();
    await page.evaluate(() => {
      globalThis.said = [];
      const region = document.getElementById('changes');
      new MutationObserver(() => said.push([Date.now(), region.textContent])).observe(region, { childList: true });
      const others = document.getElementById('announcements');
      new MutationObserver(() => said.push([Date.now(), others.textContent])).observe(others, { childList: true });
    });
    const said = () => page.evaluate(() => globalThis.said);
    const [, one, two] = await shown(page);
    for (const [index, status] of ['queued', 'processing', 'failed', 'complete', 'queued', 'failed'].entries()) {
      await change(index % 2 ? [one, two] : [one], { status, note: String(index) });
      await until('the note', () => row(page, one).locator('.cell-note').innerText(), String(index));
      await page.clock.fastForward(5000);
    }
    await add(2);
    await newerIs(page, ['2 newer']);
    await lookAway(page);
    await newerIs(page, []);
    await page.clock.fastForward(15_000);
    const all = await until('summaries', said, ({ length }) => length >= 2);
    for (const [index, [at]] of all.slice(1).entries()) assert.ok(at - all[index][0] >= 15_000, JSON.stringify(all));
    assert.match(all.map(([, text]) => text).join(' '), /Imports: .*changed.*Imports: .*2 new/);
  });

  onLive('marks a change without motion where that is wished for', {}, async (page) => {
    await read(page);
    const [, id] = await shown(page);
    const look = () =>
      row(page, id).evaluate((row) => {
        const { animationName, boxShadow } = getComputedStyle(row);
        return [row.dataset.live, animationName, boxShadow !== 'none'];
      });
    await change([id], { status: 'failed', note: 'still' });
    await until('a mark that stands still', look, ['changed', 'none', true]);
    await markIs(page, id, null);
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    await change([id], { status: 'complete', note: 'fading' });
    await until('a mark that fades', look, ['changed', 'settle', false]);
  });

  test('says what to do where its key was revoked', async () => {
    const own = (await run(['token', 'create', '--account', '1'], home)).trim();
    await onPage('/', { apiKey: own, expected: REFUSED }, async (page) => {
      const listed = await run(['token', 'list'], home);
      const id = Math.max(...[...listed.matchAll(/^\s*(\d+)/gm)].map(([, id]) => Number(id)));
      await run(['token', 'revoke', String(id)], home);
      await page.getByRole('alert').getByText('This API key is no longer accepted.').waitFor();
      assert.ok((await rows(page).count()) > 5, 'what is shown stays');
      await stateIs(page, 'Not live');
      await assertAccessible(page, 'the key was revoked');
      await button(page, 'Enter another key').click();
      await page.getByLabel('API key').fill(key);
      await button(page, 'Show imports').click();
      await settled(page);
      await stateIs(page, 'Live');
    });
  });

  onLive('moves in seven tabs at once, each of which can be used', {}, async (page, context) => {
    const open = async () => {
      const other = await context.newPage();
      await other.goto(gateway.url);
      await settled(other);
      await stateIs(other, 'Live');
      return other;
    };
    const tabs = [page, ...(await Promise.all(Array.from({ length: 6 }, open)))];
    const [, id] = await shown(page);
    await change([id], { status: 'failed', note: 'in seven tabs' });
    const note = (each) => row(each, id).locator('.cell-note').innerText();
    await Promise.all(tabs.map((each) => until('the note', () => note(each), 'in seven tabs')));
    // A browser has six connections to a host for requests: none is taken.
    await Promise.all(tabs.map((each) => each.reload()));
    await Promise.all(tabs.map((each) => settled(each).then(() => stateIs(each, 'Live'))));
  });
});

/** The driver's pages are always looked at: this one says that it is not, for so long. */
async function hideFor(page, time) {
  await page.clock.install();
  await setVisible(page, 'hidden');
  await page.clock.fastForward(time);
  await stateIs(page, 'Paused');
}

const look = (page) => setVisible(page, 'visible');

const setVisible = (page, visibility) =>
  page.evaluate((visibility) => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => visibility });
    document.dispatchEvent(new Event('visibilitychange'));
  }, visibility);
