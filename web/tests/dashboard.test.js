/** The page at `/`, in a browser, on the real service. */
import assert from 'node:assert/strict';
import { get } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { assertAccessible, editorReady, openBrowser, openPage } from './browser.js';
import { allIds, ask, KEY, URL_BASE } from './gateway.js';

const PHONE = { viewport: { width: 390, height: 844 } };
const ROW = '.rows [data-import]';
/** What the browser itself says about an answer that a test arranged. */
const REFUSED = /^Failed to load resource/;

let browser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

/** What an asset weighs on the wire; `fetch` would unpack it and not say. */
function gzipBytes(url) {
  return new Promise((resolve, reject) => {
    get(url, { headers: { 'Accept-Encoding': 'gzip' } }, (response) => {
      let bytes = 0;
      response.on('data', (chunk) => (bytes += chunk.length)).on('end', () => resolve(bytes));
    }).on('error', reject);
  });
}

/** Runs a test on a fresh page and holds the page to its faults. */
function onPage(name, path, options, body) {
  test(name, async () => {
    const { page, context, faults } = await openPage(browser, path, options);
    try {
      await body(page, context);
      assert.deepEqual(faults, []);
    } finally {
      await context.close();
    }
  });
}

const rows = (page) => page.locator(ROW);
const shown = (page) => rows(page).evaluateAll((all) => all.map((row) => row.dataset.import));
const tab = (page, name) => page.getByRole('navigation', { name: 'Status' }).getByRole('link', { name });
const search = (page) => decodeURIComponent(new URL(page.url()).search);

async function settled(page) {
  await rows(page).first().waitFor();
  await page.locator('[aria-busy="true"]').waitFor({ state: 'detached' });
}

describe('the dashboard', () => {
  onPage('shows the newest imports of the account, with every column', '/', {}, async (page) => {
    await settled(page);
    const { data } = await ask('{ viewer { name } imports(first: 1) { nodes { databaseId fileName } } }');
    const [newest] = data.imports.nodes;
    await page.getByRole('heading', { level: 1, name: data.viewer.name }).waitFor();
    const first = rows(page).first();
    assert.equal(await first.getAttribute('data-import'), newest.databaseId);
    assert.equal(await first.getByRole('link').textContent(), newest.fileName);
    for (const column of ['Import', 'File', 'Status', 'Size', 'Created', 'Updated', 'Duration']) {
      await page.getByRole('columnheader', { name: column }).waitFor();
    }
    assert.match(await page.locator('.summary').textContent(), /imports loaded, (more than|about) [\d,]+/);
    assert.match(await page.locator('.chart svg').getAttribute('aria-label'), /^Imports per (day|week|month), /);
    await assertAccessible(page, 'list');
  });

  onPage('filters by a status whose tab says how many there are', '/', {}, async (page) => {
    await settled(page);
    const { data } = await ask('{ importStatusCounts { status count capped } }');
    const failed = data.importStatusCounts.find(({ status }) => status === 'FAILED');
    const label = await tab(page, /^Failed/).innerText();
    assert.equal(label.replace(/\s/g, ''), `Failed${failed.count.toLocaleString('en')}${failed.capped ? '+' : ''}`);
    await tab(page, /^Failed/).click();
    await page.waitForURL('**/?status=failed');
    await settled(page);
    assert.equal(await tab(page, /^Failed/).getAttribute('aria-current'), 'page');
    const statuses = await page.locator('.rows .status').allInnerTexts();
    assert.deepEqual([...new Set(statuses)], ['Failed']);
  });

  onPage('sorts by its heads and by its menu, and the back button returns', '/', {}, async (page) => {
    await settled(page);
    const newest = await shown(page);
    await page.getByRole('button', { name: 'Created' }).press('Enter');
    await page.waitForURL('**/?sort=created_at.desc');
    await settled(page);
    await page.getByRole('button', { name: 'Created' }).click();
    await page.waitForURL('**/?sort=created_at.asc');
    await settled(page);
    const head = page.getByRole('columnheader', { name: 'Created' });
    assert.equal(await head.getAttribute('aria-sort'), 'ascending');
    const created = await page
      .locator('.rows .cell-created time')
      .evaluateAll((all) => all.map((time) => time.dateTime));
    assert.deepEqual(created, created.toSorted());

    await page.getByLabel('Order').selectOption('Newest first');
    await page.waitForURL((url) => url.search === '');
    await settled(page);
    assert.equal((await shown(page))[0], newest[0]);
    await page.goBack();
    await settled(page);
    assert.equal(search(page), '?sort=created_at.asc');
    assert.equal(await head.getAttribute('aria-sort'), 'ascending');
    assert.equal(await page.getByLabel('Order').inputValue(), 'created_at.asc');
  });

  onPage('filters by dates, both ends included, and clears them again', '/', {}, async (page) => {
    await settled(page);
    const { data } = await ask('{ imports(first: 100) { nodes { createdAt } } }');
    const day = data.imports.nodes[60].createdAt.slice(0, 10);
    await page.getByLabel('Created from').fill(day);
    await page.getByLabel('Created to').fill(day);
    await page.getByRole('button', { name: 'Apply dates' }).click();
    await page.waitForURL(`**/?created=${day}..${day}`);
    await settled(page);
    const times = await page.locator('.rows .cell-created time').evaluateAll((all) => all.map((time) => time.dateTime));
    assert.ok(times.length > 0 && times.every((time) => time.startsWith(day)), times.join());

    await page.reload();
    await settled(page);
    assert.equal(await page.getByLabel('Created from').inputValue(), day);
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await page.waitForURL((url) => url.search === '');
    await settled(page);
    assert.equal(await page.getByLabel('Created from').inputValue(), '');
  });

  onPage('says so where nothing matches, and leads back', '/?created=1999-01-01..1999-01-02', {}, async (page) => {
    await page.getByRole('heading', { name: 'No import matches these filters' }).waitFor();
    await assertAccessible(page, 'empty');
    await page.getByRole('button', { name: 'Show all imports' }).click();
    await settled(page);
    assert.equal(search(page), '');
  });

  onPage('opens an import by keyboard, keeps it on reload, and gives the focus back', '/', {}, async (page) => {
    await settled(page);
    const link = rows(page).nth(1).getByRole('link');
    const id = await rows(page).nth(1).getAttribute('data-import');
    await link.focus();
    await page.keyboard.press('Enter');
    const panel = page.getByRole('dialog', { name: `Import ${id}` });
    await panel.getByText('Node id').waitFor();
    assert.equal(search(page), `?import=${id}`);
    await assertAccessible(page, 'detail');
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    assert.equal(search(page), '');
    assert.ok(await link.evaluate((element) => element === document.activeElement));

    await rows(page).nth(1).click();
    await panel.getByText('Node id').waitFor();
    await page.reload();
    await panel.getByText('Node id').waitFor();
    await panel.getByRole('button', { name: 'Close' }).click();
    await panel.waitFor({ state: 'detached' });
    await page.goBack();
    await panel.waitFor();
    await page.goBack();
    await panel.waitFor({ state: 'detached' });
  });

  onPage('says so where a link names an import of nobody', '/?import=1', {}, async (page) => {
    await page.getByText('This account has no import with the number 1.').waitFor();
  });

  onPage('shows each import once to one who scrolls to the end', '/', {}, async (page) => {
    await settled(page);
    const seen = await page.evaluate(async (row) => {
      const places = new Map();
      const note = () => {
        for (const element of document.querySelectorAll(row)) {
          const id = element.dataset.import;
          places.set(
            id,
            (places.get(id) ?? new Set()).add(element.ariaRowIndex ?? element.getAttribute('aria-rowindex')),
          );
        }
      };
      while (!document.querySelector('.end') || scrollY + innerHeight < document.documentElement.scrollHeight - 1) {
        note();
        scrollBy(0, innerHeight);
        await new Promise(requestAnimationFrame);
        await new Promise(requestAnimationFrame);
      }
      note();
      return [...places].map(([id, indexes]) => [Math.min(...indexes), id, indexes.size]);
    }, ROW);
    assert.ok(
      seen.every(([, , places]) => places === 1),
      'an import changed its place',
    );
    const walked = seen.sort(([a], [b]) => a - b).map(([, id]) => id);
    assert.deepEqual(walked, await allIds());
    await assertAccessible(page, 'the end of the list');
  });

  onPage('keeps the place in the list on reload, and goes on in both directions from there', '/', {}, async (page) => {
    await settled(page);
    await page.mouse.wheel(0, 3000);
    await page.waitForURL(/[?]after=/);
    const topmost = () =>
      page.evaluate(
        (row) =>
          [...document.querySelectorAll(row)].find((each) => each.getBoundingClientRect().top >= 0)?.dataset.import,
        ROW,
      );
    const place = await topmost();
    await page.reload();
    await settled(page);
    assert.equal(await topmost(), place);
    const all = await allIds();
    const at = all.indexOf(place);
    assert.ok(at > 20, String(at));
    const height = () => page.locator(`[data-import="${place}"]`).evaluate((row) => row.getBoundingClientRect().top);
    const stood = await height();
    await page.getByRole('button', { name: 'Load the imports above these' }).click();
    await page.locator(`[data-import="${all[at - 1]}"]`).waitFor();
    assert.ok(Math.abs((await height()) - stood) < 60, 'rows that join above push nothing away');
    await page.evaluate(() => scrollTo(0, 0));
    await page.locator(`[data-import="${all[Math.max(0, at - 100)]}"]`).waitFor();
    await assertAccessible(page, 'in the middle of the list');
  });

  onPage(
    'keeps what a link says right and names what it drops',
    '/?status=failed,lost&created=1..2&sort=size.asc',
    {},
    async (page) => {
      await settled(page);
      const notice = page.locator('.notice');
      for (const part of ['lost', '1..2', 'size.asc']) assert.match(await notice.innerText(), new RegExp(part));
      assert.equal(search(page), '?status=failed');
      await assertAccessible(page, 'dropped');
      await notice.getByRole('button', { name: 'Dismiss' }).click();
      await notice.waitFor({ state: 'detached' });
    },
  );

  onPage('shows the first page where a cursor is damaged', '/?status=failed&after=damaged', {}, async (page) => {
    await settled(page);
    await page.getByText('The place in the list is damaged or incomplete.').waitFor();
    assert.equal(search(page), '?status=failed');
  });

  test('shows the first page where a cursor belongs to another order', async () => {
    const { data } = await ask('{ imports(first: 1) { pageInfo { endCursor } } }');
    const path = `/?sort=updated_at.asc&after=${encodeURIComponent(data.imports.pageInfo.endCursor)}`;
    const { page, context, faults } = await openPage(browser, path);
    await settled(page);
    await page.getByText('The place in the list belongs to another order.').waitFor();
    assert.equal(search(page), '?sort=updated_at.asc');
    assert.deepEqual(faults, []);
    await context.close();
  });

  onPage(
    'asks for another key where one is refused, and keeps a good one for the tab',
    '/',
    { expected: REFUSED },
    async (page, context) => {
      await settled(page);
      await page.getByRole('button', { name: 'Change key' }).click();
      const field = page.getByLabel('API key');
      await assertAccessible(page, 'gate');
      assert.equal(await field.getAttribute('type'), 'password');
      await field.fill('igw_wrong');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').getByText('This key was not accepted.').waitFor();
      assert.equal(await rows(page).count(), 0);
      await assertAccessible(page, 'refused key');
      await field.fill(KEY);
      await page.getByRole('button', { name: 'Show imports' }).click();
      await settled(page);
      await page.reload();
      await settled(page);
      const stored = await page.evaluate(() => [sessionStorage.length, localStorage.length, document.cookie]);
      assert.deepEqual(stored, [1, 0, '']);
      assert.ok(!page.url().includes(KEY) && (await context.cookies()).length === 0);
    },
  );

  onPage('counts down where it asked too often, then goes on by itself', '/', { expected: REFUSED }, async (page) => {
    await settled(page);
    const error = { errors: [{ message: 'Slow down.', extensions: { code: 'RATE_LIMITED' } }] };
    await page.route('**/graphql', (route) =>
      route.fulfill({ status: 429, headers: { 'Retry-After': '2' }, json: error }),
    );
    await tab(page, /^Complete/).click();
    await page.getByRole('heading', { name: 'Too many requests' }).waitFor();
    await page.getByText('Trying again in 2 seconds.').waitFor();
    await assertAccessible(page, 'rate limited');
    await page.unroute('**/graphql');
    await settled(page);
    assert.equal(search(page), '?status=complete');
  });

  onPage('says that the service is away and retries on demand', '/', { expected: REFUSED }, async (page) => {
    await settled(page);
    await page.route('**/graphql', (route) => route.abort());
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.getByRole('heading', { name: 'The service is not answering' }).waitFor();
    await assertAccessible(page, 'away');
    await page.unroute('**/graphql');
    await page.getByRole('button', { name: 'Try now' }).click();
    await settled(page);
  });

  onPage('keeps the rows it has where the next page fails', '/', { expected: REFUSED }, async (page) => {
    await settled(page);
    await page.getByText('150 imports loaded').waitFor();
    const error = { errors: [{ message: 'Away.', extensions: { code: 'SERVICE_UNAVAILABLE' } }] };
    await page.route('**/graphql', (route) =>
      route.fulfill({ status: 503, headers: { 'Retry-After': '30' }, json: error }),
    );
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await page.getByRole('heading', { name: 'The service is away for the moment' }).waitFor();
    assert.ok((await rows(page).count()) > 10);
    await assertAccessible(page, 'next page failed');
    await page.unroute('**/graphql');
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.getByText('250 imports loaded').waitFor();
  });

  onPage('shows what was asked last where answers come late', '/', {}, async (page) => {
    await settled(page);
    let release;
    const held = new Promise((resolve) => (release = resolve));
    await page.route('**/graphql', async (route) => {
      if (route.request().postData().includes('"FAILED"')) await held;
      await route.continue();
    });
    await tab(page, /^Failed/).click();
    await page.locator('[aria-busy="true"]').waitFor();
    await tab(page, /^Complete/).click();
    await settled(page);
    release();
    await page.waitForLoadState('networkidle');
    const statuses = await page.locator('.rows .status').allInnerTexts();
    assert.deepEqual([...new Set(statuses)], ['Complete']);
  });

  onPage('hands its query to the playground, where it runs', '/?status=failed', {}, async (page) => {
    await settled(page);
    await page.getByRole('link', { name: 'View this query in GraphiQL' }).click();
    await page.waitForURL('**/graphiql');
    await editorReady(page);
    await page.getByRole('button', { name: /Execute query/ }).click();
    await page.locator('.graphiql-response').getByText('fileName').first().waitFor();
  });

  for (const colorScheme of ['light', 'dark']) {
    onPage(`reads well on a phone in ${colorScheme} colours`, '/', { ...PHONE, colorScheme }, async (page) => {
      await settled(page);
      await assertAccessible(page, `phone, ${colorScheme}`);
      const [width, visible] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(width <= visible, `${width} pixels wide`);
      await page.getByText('Dates and order').click();
      await page.getByLabel('Order').selectOption('Oldest first');
      await page.waitForURL('**/?sort=id.asc');
      await settled(page);
      await rows(page).first().click();
      await page.getByRole('dialog').getByText('Node id').waitFor();
      await assertAccessible(page, `phone, ${colorScheme}, detail`);
    });
  }

  onPage('fits every width', '/', {}, async (page) => {
    await settled(page);
    for (let width = 320; width <= 1920; width += 80) {
      await page.setViewportSize({ width, height: 800 });
      const over = await page.evaluate((row) => {
        const edge = document.querySelector('.table').getBoundingClientRect().right;
        const cells = [...document.querySelectorAll(`${row} > *, .row-head > *`)];
        const past = Math.max(...cells.map((cell) => cell.getBoundingClientRect().right)) - edge;
        return Math.max(past, document.documentElement.scrollWidth - innerWidth);
      }, ROW);
      assert.ok(over <= 0, `${over} pixels over at ${width}`);
    }
  });

  onPage('reads well in dark colours', '/?status=failed,bogus', { colorScheme: 'dark' }, async (page) => {
    await settled(page);
    await assertAccessible(page, 'dark');
  });
});

describe('the pages as they are sent', () => {
  test('show their first rows with less than 200 KB of script, the playground left out', async (t) => {
    const scripts = [];
    const before = (page) => page.on('request', (each) => each.resourceType() === 'script' && scripts.push(each.url()));
    const { page, context } = await openPage(browser, '/', { before });
    await rows(page).first().waitFor();
    const ms = await page.evaluate(() => performance.now());
    await context.close();
    assert.ok(scripts.length > 0);
    const sizes = await Promise.all(scripts.map(gzipBytes));
    const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
    t.diagnostic(`${total} bytes of script, gzip, in ${scripts.length} files; first rows after ${Math.round(ms)} ms`);
    assert.ok(total < 200_000, String(total));
  });

  test('have a strict policy, and assets that are cached for ever and compressed', async () => {
    for (const path of ['/', '/graphiql']) {
      const page = await fetch(URL_BASE + path);
      const policy = page.headers.get('content-security-policy');
      assert.match(policy, /^default-src 'none'; script-src 'self';/);
      assert.doesNotMatch(policy, /unsafe-eval|https?:/);
      const html = await page.text();
      for (const [, asset] of html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)) {
        const answer = await fetch(URL_BASE + asset, { headers: { 'Accept-Encoding': 'br' } });
        assert.equal(answer.headers.get('cache-control'), 'public, max-age=31536000, immutable', asset);
        assert.equal(answer.headers.get('content-encoding'), 'br', asset);
      }
    }
  });
});
