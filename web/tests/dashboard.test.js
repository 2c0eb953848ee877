/** The page at `/`, in a browser, on the real service. */
import assert from 'node:assert/strict';
import { get } from 'node:http';
import { describe } from 'node:test';
import { assertAccessible, editorReady, openPages, PHONE, REFUSED } from './browser.js';
import { allIds, ask, KEY, newestIds, SMALL_KEY, URL_BASE } from './gateway.js';
import { test, until } from './limits.js';
import { enterKey, fits, loaded, openFilters, ROW, rows, searchIs, settled, shown, statuses, tab } from './list.js';

const { onPage, withPage } = openPages();

/** What an asset weighs on the wire; `fetch` would unpack it and not say. */
function gzipBytes(url) {
  return new Promise((resolve, reject) => {
    get(url, { headers: { 'Accept-Encoding': 'gzip' } }, (response) => {
      let bytes = 0;
      response.on('data', (chunk) => (bytes += chunk.length)).on('end', () => resolve(bytes));
    }).on('error', reject);
  });
}

const times = (page, column) =>
  page.locator(`.rows .cell-${column} time`).evaluateAll((all) => all.map((time) => time.dateTime));

const enumName = (status) => status.toUpperCase().replaceAll(' ', '_');

/** The rows, the head's mark and the menu agree with an order. */
async function assertSorted(page, order) {
  const [field, direction] = order.split('.');
  const column = field.replace('_at', '');
  const values = column === 'id' ? (await shown(page)).map(Number) : await times(page, column);
  const wanted = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  assert.deepEqual(values, direction === 'asc' ? wanted : wanted.toReversed(), order);
  const head = page.locator(`.row-head .cell-${column}`);
  const sorted = direction === 'asc' ? 'ascending' : 'descending';
  await until('the mark of the head', () => head.getAttribute('aria-sort'), sorted);
  await until('the order', () => page.getByLabel('Order').inputValue(), order);
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
    const summary = () => page.locator('.summary').textContent();
    await until('the summary', summary, (text) => /imports loaded, at least [\d,]+ more/.test(text));
    const label = () => page.locator('.chart svg').getAttribute('aria-label');
    await until('the label of the chart', label, (text) => /^Imports per (day|week|month), /.test(text));
    await assertAccessible(page, 'list');
  });

  onPage('filters by a status whose tab says how many there are', '/', {}, async (page) => {
    await settled(page);
    const { data } = await ask('{ importStatusCounts { status count capped } }');
    const failed = data.importStatusCounts.find(({ status }) => status === 'FAILED');
    const label = async () => (await tab(page, /^Failed/).innerText()).replace(/\s/g, '');
    await until('the tab', label, `Failed${failed.count.toLocaleString('en')}${failed.capped ? '+' : ''}`);
    await tab(page, /^Failed/).click();
    await page.waitForURL('**/?status=failed');
    await settled(page);
    await until('the mark of the tab', () => tab(page, /^Failed/).getAttribute('aria-current'), 'page');
    await until('the statuses of the rows', () => statuses(page), ['Failed']);
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
    await until('the mark of the head', () => head.getAttribute('aria-sort'), 'ascending');
    const created = await page
      .locator('.rows .cell-created time')
      .evaluateAll((all) => all.map((time) => time.dateTime));
    assert.deepEqual(created, created.toSorted());

    await page.getByLabel('Order').selectOption('Newest first');
    await page.waitForURL((url) => url.search === '');
    await settled(page);
    await until('the first row', async () => (await shown(page))[0], newest[0]);
    await page.goBack();
    await searchIs(page, '?sort=created_at.asc');
    await until('the mark of the head', () => head.getAttribute('aria-sort'), 'ascending');
    await until('the order', () => page.getByLabel('Order').inputValue(), 'created_at.asc');
    await settled(page);
  });

  onPage('filters by dates, both ends included, and clears them again', '/', {}, async (page) => {
    await settled(page);
    const { data } = await ask('{ imports(first: 100) { nodes { createdAt } } }');
    const day = data.imports.nodes[60].createdAt.slice(0, 10);
    await openFilters(page);
    await page.getByLabel('Created from').fill(day);
    await page.getByLabel('Created to').fill(day);
    await page.getByRole('button', { name: 'Apply dates' }).click();
    await page.waitForURL(`**/?created=${day}..${day}`);
    await settled(page);
    const times = await page.locator('.rows .cell-created time').evaluateAll((all) => all.map((time) => time.dateTime));
    assert.ok(times.length > 0 && times.every((time) => time.startsWith(day)), times.join());

    await page.reload();
    await settled(page);
    await openFilters(page);
    await until('the first day', () => page.getByLabel('Created from').inputValue(), day);
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await page.waitForURL((url) => url.search === '');
    await settled(page);
    await until('the first day', () => page.getByLabel('Created from').inputValue(), '');
  });

  onPage('says how many more there are: exactly below 500', '/?status=incomplete', {}, async (page) => {
    await settled(page);
    const { data } = await ask('{ importStatusCounts { status count capped } }');
    const { count, capped } = data.importStatusCounts.find(({ status }) => status === 'INCOMPLETE');
    assert.ok(count > 160 && !capped, String(count));
    await loaded(page, 150);
    const summary = () => page.locator('.summary').textContent();
    await until('the summary', summary, `150 imports loaded, about ${count - 150} more`);
    await page.locator('.end').waitFor({ state: 'detached' });
    for (let have = 250; have < count + 100; have += 100) {
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
      await loaded(page, Math.min(have, count));
    }
    await page.getByText('That is all of them.').waitFor();
    assert.equal(await page.getByRole('button', { name: /^Load more/ }).count(), 0);
  });

  onPage('sorts by each of its heads and by each line of its menu', '/', {}, async (page) => {
    await settled(page);
    const steps = [
      ['Import', 'id.asc'],
      ['Import', ''],
      ['Updated', 'updated_at.desc'],
      ['Updated', 'updated_at.asc'],
    ];
    for (const [head, sort] of steps) {
      await page.getByRole('button', { name: head, exact: true }).click();
      await page.waitForURL((url) => (url.searchParams.get('sort') ?? '') === sort);
      await settled(page);
      await assertSorted(page, sort || 'id.desc');
    }
    const menu = page.getByLabel('Order');
    const orders = await menu.locator('option').evaluateAll((all) => all.map(({ value }) => value));
    assert.equal(orders.length, 6);
    for (const order of orders) {
      await menu.selectOption(order);
      await page.waitForURL((url) => (url.searchParams.get('sort') ?? 'id.desc') === order);
      await settled(page);
      await assertSorted(page, order);
    }
  });

  onPage('filters by the day of the last change, at either end', '/', {}, async (page) => {
    await settled(page);
    const day = (await times(page, 'updated')).at(-1).slice(0, 10);
    await openFilters(page);
    await page.getByLabel('Updated from').fill(day);
    await page.getByLabel('Updated from').press('Enter');
    await page.waitForURL(`**/?updated=${day}..`);
    await settled(page);
    assert.ok((await times(page, 'updated')).every((time) => time >= day));
    await page.getByLabel('Updated from').fill('');
    await page.getByLabel('Updated to').fill(day);
    await page.getByRole('button', { name: 'Apply dates' }).click();
    await page.waitForURL(`**/?updated=..${day}`);
    await settled(page);
    assert.ok((await times(page, 'updated')).every((time) => time.slice(0, 10) <= day));
    // In the wrong order they are the same span.
    await page.getByLabel('Updated from').fill(day);
    await page.getByLabel('Updated to').fill('2026-01-01');
    await page.getByRole('button', { name: 'Apply dates' }).click();
    await page.waitForURL(`**/?updated=2026-01-01..${day}`);
  });

  onPage('keeps the focus of one who uses the keyboard', '/', {}, async (page) => {
    await settled(page);
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
    const focusIsOn = (text, what) => until(`the focus on ${what}`, focused, (there) => text.test(there));
    await page.keyboard.press('Tab');
    await focusIsOn(/^Skip to the imports$/, 'the first link');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => location.search + location.hash), '');
    await page.keyboard.press('Tab');
    await focusIsOn(/^Import/, 'the head of the first column');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/?sort=id.asc');
    await settled(page);
    await focusIsOn(/^Import/, 'the same head');
    await tab(page, /^Failed/).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('status') === 'failed');
    await settled(page);
    await focusIsOn(/^Failed/, 'the tab');
    await page.getByRole('button', { name: 'Clear filters' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => !url.searchParams.has('status'));
    await settled(page);
    await focusIsOn(/^Filter$/, 'the button that opens the filters');
    await page.keyboard.press('Enter');
    await page.getByLabel('Created from').fill('2026-01-01');
    await page.getByRole('button', { name: 'Apply dates' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.has('created'));
    await settled(page);
    await focusIsOn(/^Apply dates$/, 'the button');
  });

  onPage('shows what has the focus, below the head that stays in sight', '/', {}, async (page) => {
    await settled(page);
    await rows(page).first().getByRole('link').focus();
    // At a hand's speed: the rows ahead are drawn between two keys.
    const press = async (key, times) => {
      for (let step = 0; step < times; step += 1) {
        await page.keyboard.press(key);
        await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
      }
    };
    await press('Tab', 40);
    await press('Shift+Tab', 30);
    const heights = () =>
      page.evaluate(() => ({
        link: document.activeElement.getBoundingClientRect().top,
        head: document.querySelector('.row-head').getBoundingClientRect().bottom,
        isInRow: document.activeElement.closest('[data-import]') !== null,
      }));
    await until('a link in a row below the head', heights, ({ link, head, isInRow }) => link >= head && isInRow);
  });

  onPage('tells a screen reader what has changed', '/', {}, async (page) => {
    await settled(page);
    await loaded(page, 150);
    const says = (wanted) => {
      const said = () => page.locator('#announcements').textContent();
      return until(`what a screen reader says to be ${wanted}`, said, (text) => wanted.test(text));
    };
    await says(/^150 imports loaded, at least/);
    await tab(page, /^Rolling back/).click();
    await settled(page);
    await says(/^\d imports? loaded$/);
    await page.goto('/?created=1999-01-01..1999-01-02');
    await says(/^0 imports loaded$/);
  });

  onPage('closes the panel by a click beside it, and hands its import to the playground', '/', {}, async (page) => {
    await settled(page);
    const id = await rows(page).nth(2).getAttribute('data-import');
    const panel = page.getByRole('dialog', { name: `Import ${id}` });
    await rows(page).nth(2).click();
    await panel.getByText('Node id').waitFor();
    await page.mouse.click(40, 400);
    await panel.waitFor({ state: 'detached' });
    await rows(page).nth(2).click();
    await panel.getByRole('link', { name: 'View this import in GraphiQL' }).click();
    await page.waitForURL('**/graphiql');
    await editorReady(page);
    await page.getByRole('button', { name: /Execute query/ }).click();
    await page.locator('.graphiql-response').getByText('importByDatabaseId').first().waitFor();
    await page.goBack();
    await panel.getByText('Node id').waitFor();
    await searchIs(page, `?import=${id}`);
  });

  onPage('loads more on demand, by keyboard too', '/', { viewport: { width: 1280, height: 300 } }, async (page) => {
    await settled(page);
    const before = await page.locator('.summary strong').textContent();
    const more = page.getByRole('button', { name: /^Load more/ });
    await more.focus();
    await page.keyboard.press('Enter');
    const count = () => page.locator('.summary strong').textContent();
    await until(`more than ${before} imports loaded`, count, (now) => Number(now) > Number(before));
    await until('the focus on the button', () => more.evaluate((element) => element === document.activeElement), true);
  });

  onPage('names whose imports they are, and opens a view of its own in a new tab', '/', {}, async (page, context) => {
    await settled(page);
    const [other] = await Promise.all([
      context.waitForEvent('page'),
      tab(page, /^Failed/).click({ modifiers: ['Control'] }),
    ]);
    await other.waitForURL('**/?status=failed');
    await settled(other);
    await searchIs(page, '');
    await until('the title', () => other.title(), 'Imports');
  });

  onPage('says so where nothing matches, and leads back', '/?created=1999-01-01..1999-01-02', {}, async (page) => {
    await page.getByRole('heading', { name: 'No import matches these filters' }).waitFor();
    await assertAccessible(page, 'empty');
    await page.getByRole('button', { name: 'Show all imports' }).click();
    await settled(page);
    await searchIs(page, '');
  });

  onPage('opens an import by keyboard, keeps it on reload, and gives the focus back', '/', {}, async (page) => {
    await settled(page);
    const link = rows(page).nth(1).getByRole('link');
    const id = await rows(page).nth(1).getAttribute('data-import');
    await link.focus();
    await page.keyboard.press('Enter');
    const panel = page.getByRole('dialog', { name: `Import ${id}` });
    await panel.getByText('Node id').waitFor();
    await searchIs(page, `?import=${id}`);
    await assertAccessible(page, 'detail');
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    await searchIs(page, '');
    await until('the focus on the row', () => link.evaluate((element) => element === document.activeElement), true);

    await rows(page).nth(1).click();
    await panel.getByText('Node id').waitFor();
    await page.reload();
    await panel.getByText('Node id').waitFor();
    await panel.getByRole('button', { name: 'Close' }).click();
    await panel.waitFor({ state: 'detached' });
    await searchIs(page, '');
    await page.goForward();
    await panel.waitFor();
    await page.goBack();
    await panel.waitFor({ state: 'detached' });
    // Where a link opened it, there is no list to go back to.
    await page.goto(`/?import=${id}`);
    await panel.getByText('Node id').waitFor();
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    await searchIs(page, '');
    await settled(page);
  });

  onPage('shows the note at the width of a laptop', '/', { viewport: { width: 1024, height: 700 } }, async (page) => {
    await settled(page);
    await page.getByRole('columnheader', { name: 'Note' }).waitFor();
    await fits(page);
  });

  onPage('still says about how many follow when rows were loaded above', '/?sort=id.asc', {}, async (page) => {
    await settled(page);
    await loaded(page, 150);
    await page.evaluate(() => scrollTo(0, 60 * 52));
    await page.waitForURL((url) => url.searchParams.has('after'));
    await page.reload();
    await settled(page);
    await page.getByRole('button', { name: 'Load the imports above these' }).click();
    await page
      .getByText(/imports loaded, (about|at least) [\d,]+ more/)
      .first()
      .waitFor();
  });

  onPage('says so where a link names an import of nobody', '/?import=1', {}, async (page) => {
    await page.getByText('This account has no import with the number 1.').waitFor();
  });

  // A thousand imports are twenty times what is drawn at once.
  onPage('shows each import once to one who scrolls to the end', '/', { key: SMALL_KEY }, async (page) => {
    await page.getByRole('button', { name: 'Change key' }).click();
    await enterKey(page, SMALL_KEY);
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
      // All that is in sight of the rows, however long that takes.
      const isDrawn = () => {
        const boxes = [...document.querySelectorAll(row)].map((each) => each.getBoundingClientRect());
        const all = document.querySelector('.rows').getBoundingClientRect();
        const [top, bottom] = [Math.max(all.top, 0), Math.min(all.bottom, innerHeight)];
        return (
          Math.min(...boxes.map((box) => box.top)) <= top + 1 &&
          Math.max(...boxes.map((box) => box.bottom)) >= bottom - 1
        );
      };
      while (!document.querySelector('.end') || scrollY + innerHeight < document.documentElement.scrollHeight - 1) {
        note();
        scrollBy(0, innerHeight);
        do await new Promise(requestAnimationFrame);
        while (!isDrawn());
      }
      note();
      return [...places].map(([id, indexes]) => [Math.min(...indexes), id, indexes.size]);
    }, ROW);
    assert.ok(
      seen.every(([, , places]) => places === 1),
      'an import changed its place',
    );
    const walked = seen.sort(([a], [b]) => a - b).map(([, id]) => id);
    assert.deepEqual(walked, await allIds(SMALL_KEY));
    await assertAccessible(page, 'the end of the list');
  });

  onPage('keeps the place in the list on reload, and goes on in both directions from there', '/', {}, async (page) => {
    await settled(page);
    // At once: a wheel's scrolling goes on while the first part of it is marked.
    await page.evaluate(() => scrollTo({ top: 3000, behavior: 'instant' }));
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
    await until('the topmost row', topmost, place);
    const all = await newestIds();
    const at = all.indexOf(place);
    assert.ok(at > 20, String(at));
    // What is loaded later, above the rows, takes a place of its own.
    await page.locator('.chart svg').waitFor();
    const height = () => page.locator(`[data-import="${place}"]`).evaluate((row) => row.getBoundingClientRect().top);
    const stood = await height();
    await page.getByRole('button', { name: 'Load the imports above these' }).click();
    await page.locator(`[data-import="${all[at - 1]}"]`).waitFor();
    const moved = async () => Math.abs((await height()) - stood);
    await until('rows that join above push nothing away', moved, (pixels) => pixels < 2);
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
      for (const part of ['lost', '1..2', 'size.asc']) {
        await until(
          `${part} in the notice`,
          () => notice.innerText(),
          (text) => text.includes(part),
        );
      }
      await searchIs(page, '?status=failed');
      await assertAccessible(page, 'dropped');
      await notice.getByRole('button', { name: 'Dismiss' }).click();
      await notice.waitFor({ state: 'detached' });
    },
  );

  onPage('shows the first page where a cursor is damaged', '/?status=failed&after=damaged', {}, async (page) => {
    await settled(page);
    await page.getByText('The place in the list is damaged or incomplete.').waitFor();
    await searchIs(page, '?status=failed');
  });

  test('shows the first page where a cursor belongs to another order', async () => {
    const { data } = await ask('{ imports(first: 1) { pageInfo { endCursor } } }');
    const path = `/?sort=updated_at.asc&after=${encodeURIComponent(data.imports.pageInfo.endCursor)}`;
    await withPage(path, {}, async (page) => {
      await settled(page);
      await page.getByText('The place in the list belongs to another order.').waitFor();
      await searchIs(page, '?sort=updated_at.asc');
    });
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
      // The key in use is kept until there is another.
      await page.keyboard.press('Escape');
      await settled(page);
      await page.getByRole('button', { name: 'Change key' }).click();
      await page.getByRole('button', { name: 'Cancel' }).click();
      await settled(page);
      await page.getByRole('button', { name: 'Change key' }).click();
      await field.fill('igw_…');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').getByText('This key was not accepted.').waitFor();
      await until('the type of the field', () => field.getAttribute('type'), 'password');
      await field.fill('igw_wrong');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').getByText('This key was not accepted.').waitFor();
      await until('the rows that are left', () => rows(page).count(), 0);
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

  onPage('shows what was asked last where answers come late', '/', {}, async (page) => {
    await settled(page);
    const isLate = (request) => request.postData()?.includes('"FAILED"');
    let release;
    const held = new Promise((resolve) => (release = resolve));
    await page.route('**/graphql', async (route) => {
      if (isLate(route.request())) await held;
      await route.continue();
    });
    await tab(page, /^Failed/).click();
    await page.locator('[aria-busy="true"]').waitFor();
    await tab(page, /^Complete/).click();
    await settled(page);
    const late = page.waitForEvent('requestfinished', isLate);
    release();
    await late;
    // What the page does with the late answer, it does before it draws again.
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    assert.deepEqual(await statuses(page), ['Complete']);
  });

  onPage('hands its query to the playground, where it runs', '/?status=failed', {}, async (page) => {
    await settled(page);
    await page.getByRole('link', { name: 'View this query in GraphiQL' }).click();
    await page.waitForURL('**/graphiql');
    await editorReady(page);
    await page.getByRole('button', { name: /Execute query/ }).click();
    await page.locator('.graphiql-response').getByText('fileName').first().waitFor();
  });

  onPage('reads well on a phone', '/', PHONE, async (page) => {
    await settled(page);
    await assertAccessible(page, 'phone');
    await fits(page);
    await openFilters(page);
    await assertAccessible(page, 'phone, filters');
    await page.keyboard.press('Escape');
    await page.getByLabel('Order').selectOption('Oldest first');
    await page.waitForURL('**/?sort=id.asc');
    await settled(page);
    await rows(page).first().click();
    await page.getByRole('dialog').getByText('Node id').waitFor();
    await assertAccessible(page, 'phone, detail');
  });

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
});

describe('the pages as they are sent', () => {
  test('show their first rows with less than 200 KB in all, the playground left out', async (t) => {
    const urls = new Map();
    const before = (page) =>
      page.on('request', (each) => !each.url().endsWith('/graphql') && urls.set(each.url(), each.resourceType()));
    let ms;
    await withPage('/', { before }, async (page) => {
      await rows(page).first().waitFor();
      ms = await page.evaluate(() => performance.now());
    });
    const sizes = { document: 0, script: 0, stylesheet: 0, other: 0 };
    for (const [url, type] of urls) sizes[type in sizes ? type : 'other'] += await gzipBytes(url);
    t.diagnostic(`bytes with gzip: ${JSON.stringify(sizes)}; first rows after ${Math.round(ms)} ms`);
    const total = Object.values(sizes).reduce((sum, bytes) => sum + bytes, 0);
    assert.ok(sizes.script > 0 && sizes.stylesheet > 0 && total < 200_000, String(total));
    const texts = await Promise.all([...urls.keys()].map(async (url) => (await fetch(url)).text()));
    assert.ok(
      texts.every((text) => !/monaco|graphiql-container/i.test(text)),
      'code of the playground',
    );
  });

  test('have a strict policy, and assets that are cached for ever and compressed', async () => {
    for (const path of ['/', '/graphiql']) {
      const page = await fetch(URL_BASE + path);
      const policy = page.headers.get('content-security-policy');
      assert.match(policy, /^default-src 'none'; script-src 'self';/);
      assert.doesNotMatch(policy, /unsafe-eval|https?:/);
      const html = await page.text();
      const assets = [...html.matchAll(/(?:src|href)="\.(\/assets\/[^"]+)"/g)];
      assert.ok(assets.length >= 2, html);
      for (const [, asset] of assets) {
        const answer = await fetch(URL_BASE + asset, { headers: { 'Accept-Encoding': 'br' } });
        assert.equal(answer.headers.get('cache-control'), 'public, max-age=31536000, immutable', asset);
        assert.equal(answer.headers.get('content-encoding'), 'br', asset);
      }
    }
  });
});
