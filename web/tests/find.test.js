/** The search for file names, in a browser, on the real service. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'node:test';
import { assertAccessible, NARROW, openPages } from './browser.js';
import { ask } from './gateway.js';
import { after, before, test, until } from './limits.js';
import { button, chipsAre, enterKey, fits, focused, rows, searchIs, settled, shown } from './list.js';
import { ownAddress, run, startGateway } from './process.js';

const { onPage, withPage } = openPages();

const WIDE = { viewport: { width: 1280, height: 700 } };

const field = (page) => page.getByRole('searchbox', { name: 'Search file names' });
const isList = (request) => request.postData()?.includes('ImportsPageQuery');
const isNextPage = (request) => request.postData()?.includes('ImportsListPageQuery');

/** Ids of imports with a term in the names of their files, newest first. */
async function found(term) {
  const query =
    'query ($filter: ImportFilter) { imports(first: 30, filter: $filter) { nodes { databaseId fileName } } }';
  const { data } = await ask(query, { filter: { fileName: { contains: term } } });
  assert.ok(data.imports.nodes.length > 0, `nothing has “${term}” in its name`);
  for (const { fileName } of data.imports.nodes) assert.ok(fileName.toLowerCase().includes(term.toLowerCase()));
  return data.imports.nodes.map(({ databaseId }) => databaseId);
}

/** A part of a name that not all files have. */
async function aTerm() {
  const { data } = await ask('{ imports(first: 1) { nodes { fileName } } }');
  return data.imports.nodes[0].fileName.slice(0, 5);
}

const startsWith = (page, ids) => until('the first rows', async () => (await shown(page)).slice(0, 5), ids.slice(0, 5));

describe('the search', () => {
  onPage('is led to by a key, finds as one types, and is emptied by Escape', '/?status_not=new', {}, async (page) => {
    const term = await aTerm();
    await settled(page);
    await page.keyboard.press('/');
    await until('the element with the focus', () => focused(page), 'search');
    await until('the text of the field', () => field(page).inputValue(), '');
    await page.keyboard.type(term.toUpperCase());
    await searchIs(page, `?status_not=new&q=${term.toUpperCase()}`);
    await settled(page);
    await chipsAre(page, ['Status is not New', `File name has “${term.toUpperCase()}”`]);
    const names = await page.locator('.rows .cell-file a').allInnerTexts();
    assert.ok(names.length > 0 && names.every((name) => name.toLowerCase().includes(term.toLowerCase())), names.join());
    await until('the element with the focus', () => focused(page), 'search');
    // In a field it is a letter like any other.
    await page.keyboard.type('/');
    await until('the text of the field', () => field(page).inputValue(), `${term.toUpperCase()}/`);
    await page.getByRole('heading', { name: 'Nothing found' }).waitFor();
    await assertAccessible(page, 'nothing found');
    await page.keyboard.press('Escape');
    await searchIs(page, '?status_not=new');
    await chipsAre(page, ['Status is not New']);
    await settled(page);
    await until('the text of the field', () => field(page).inputValue(), '');
    await until('the element with the focus', () => focused(page), 'search');
  });

  onPage('stands in the URL and in a chip, and in one entry of the history', '/', {}, async (page) => {
    const term = await aTerm();
    const wanted = await found(term);
    await settled(page);
    await field(page).click();
    await page.keyboard.type(term.slice(0, 2));
    await searchIs(page, `?q=${term.slice(0, 2)}`);
    await page.keyboard.type(term.slice(2));
    await searchIs(page, `?q=${term}`);
    await startsWith(page, wanted);
    await assertAccessible(page, 'search');
    await page.reload();
    await startsWith(page, wanted);
    await until('the text of the field', () => field(page).inputValue(), term);
    await button(page, `Remove the filter: File name has “${term}”`).press('Enter');
    await searchIs(page, '');
    await until('the text of the field', () => field(page).inputValue(), '');
    await page.goBack();
    await searchIs(page, `?q=${term}`);
    await until('the text of the field', () => field(page).inputValue(), term);
    await page.goBack();
    await searchIs(page, '');
    await until('the text of the field', () => field(page).inputValue(), '');
  });

  onPage('shows what was typed last, and the rows before it until then', '/', {}, async (page) => {
    const term = await aTerm();
    const wanted = await found(term);
    await settled(page);
    const before = await shown(page);
    const held = [];
    await page.route('**/graphql', (route) => (isList(route.request()) ? held.push(route) : route.continue()));
    await page.evaluate(() => {
      globalThis.least = Infinity;
      new MutationObserver(() => {
        globalThis.least = Math.min(globalThis.least, document.querySelectorAll('.rows [data-import]').length);
      }).observe(document.body, { subtree: true, childList: true });
    });
    await field(page).fill(term.slice(0, 3));
    await until('the first search', async () => held.length, 1);
    await field(page).fill(term);
    await until('the second search', async () => held.length, 2);
    await until('a list that is busy', () => page.locator('.list[aria-busy="true"]').count(), 1);
    await startsWith(page, before);
    // The answer that was asked for last is there first.
    await held[1].continue();
    await startsWith(page, wanted);
    await settled(page);
    const late = page.waitForResponse((answer) => answer.request() === held[0].request());
    await held[0].continue();
    await late;
    await startsWith(page, wanted);
    assert.ok((await page.evaluate(() => globalThis.least)) > 0, 'the rows were gone for a moment');
  });

  onPage('takes 256 characters, and drops what a link has more', `/?q=${'a'.repeat(257)}`, {}, async (page) => {
    await page.getByText('A search has at most 256 characters.').waitFor();
    await searchIs(page, '');
    await settled(page);
    await field(page).fill('b'.repeat(300));
    await until('the length of the text', async () => (await field(page).inputValue()).length, 256);
    await searchIs(page, `?q=${'b'.repeat(256)}`);
    await page.getByRole('heading', { name: 'Nothing found' }).waitFor();
    await fits(page);
    await button(page, 'Clear the search').click();
    await searchIs(page, '');
    await settled(page);
  });

  onPage('fits the narrowest phone', '/', NARROW, async (page) => {
    const term = await aTerm();
    await settled(page);
    await field(page).fill(term);
    await searchIs(page, `?q=${term}`);
    await settled(page);
    await fits(page);
    await assertAccessible(page, 'search at 320 pixels');
  });
});

describe('a search in an account with more imports than a request looks at', () => {
  const OLDEST = { id: 1, file_name: 'Needle, ſpare.csv' };
  let folder;
  let gateway;
  let key;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'imports-gateway-find-'));
    const settings = { DATABASE_URL: `sqlite://${join(folder, 'many')}.db?mode=rwc`, RUST_LOG: 'off' };
    const [, account] = /^id: (\d+)/.exec(await run(['account', 'create', '--name', 'Many'], settings));
    key = (await run(['token', 'create', '--account', account], settings)).trim();
    await run(['seed', '--account', account, '--rows', '60000'], settings);
    const at = '2001-02-03T04:05:06Z';
    const fields = {
      completed_at: null,
      file_size: '1',
      note: null,
      type: 'X',
      status: 'new',
      created_at: at,
      updated_at: at,
    };
    const file = join(folder, 'oldest.ndjson');
    await writeFile(file, JSON.stringify({ ...OLDEST, ...fields }));
    await run(['load', '--account', account, file], settings);
    gateway = await startGateway(['serve', '--listen', await ownAddress()], settings);
  });
  after(async () => {
    await gateway?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const onMany = (name, path, options, body) =>
    test(name, () =>
      withPage(gateway.url + path, { key, ...options }, async (page) => {
        await enterKey(page, key);
        await body(page);
      }),
    );
  /** Holds back pages after the first until `release` is called. */
  async function hold(page) {
    let release;
    const released = new Promise((resolve) => (release = resolve));
    await page.route('**/graphql', async (route) => {
      if (isNextPage(route.request())) await released;
      await route.continue();
    });
    return release;
  }
  const says = (page, wanted) =>
    until(
      `what a screen reader says to be ${wanted}`,
      () => page.locator('#announcements').textContent(),
      (text) => wanted.test(text),
    );

  onMany('goes on by itself to the oldest import', '/?q=NEEDLE,%20SPARE', {}, async (page) => {
    await until('the rows', () => shown(page), [String(OLDEST.id)]);
    await page.getByText('That is all of them.').waitFor();
    await until('the search, which is over', () => page.locator('.searching').count(), 0);
    await says(page, /^1 import loaded$/);
  });

  onMany('says so where nothing is found', '/?q=no%20such%20name', {}, async (page) => {
    await page.getByRole('heading', { name: 'Nothing found' }).waitFor();
    await says(page, /^Nothing found$/);
  });

  onMany('says how far it came and can be stopped', '/', WIDE, async (page) => {
    await settled(page);
    const release = await hold(page);
    await field(page).fill('needle');
    await page.getByText(/^Searched back to \d\d \w{3} \d{4}$/).waitFor();
    await says(page, /^0 imports loaded\. Searched back to /);
    await fitsAnyWidth(page, 'a search that goes on');
    await button(page, 'Stop').press('Enter');
    await page.getByText(/^Search stopped\. Searched back to /).waitFor();
    await says(page, /Search stopped\. Searched back to /);
    await fitsAnyWidth(page, 'a search that is stopped');
    release();
    // What was asked for before the stop still comes.
    await until('the rows', () => shown(page), [String(OLDEST.id)]);
    await field(page).fill('needles');
    await page.getByRole('heading', { name: 'Nothing found' }).waitFor();
  });

  onMany('says how many there are at least, and what is not counted', '/', WIDE, async (page) => {
    await settled(page);
    await page.getByText(/^(More than|At least) 20,000 imports per \w+ and status$/).waitFor();
    await page.getByText(/^Counted back to \d\d \w{3} \d{4}: imports created before are in the list/).waitFor();
    await page.locator('.legend').getByText('Not counted').waitFor();
    const all = async () => (await page.locator('#tab-all').innerText()).replace(/\s/g, '');
    await until('the tab of all', all, 'All20,000+');
    await fitsAnyWidth(page, 'counts that are not whole');
  });

  /** Fits a desktop and the narrowest phone, and is accessible on both. */
  async function fitsAnyWidth(page, state) {
    for (const { viewport } of [WIDE, NARROW]) {
      await page.setViewportSize(viewport);
      await fits(page);
      await assertAccessible(page, state);
    }
    await page.setViewportSize(WIDE.viewport);
  }
});
