/** What a list is filtered by and how it is kept, in a browser, on the real service. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { assertAccessible, NARROW, openPages } from './browser.js';
import { ask, URL_BASE } from './gateway.js';
import { test, until } from './limits.js';
import { button, chipsAre, fits, focusIs, openFilters, rows, search, searchIs, settled, statuses } from './list.js';

const { onPage, withPage } = openPages();

const statusGroup = (page) => page.getByRole('group', { name: 'Status' });

describe('the filters', () => {
  onPage('show or leave out statuses, as chips that can be removed', '/', {}, async (page) => {
    await settled(page);
    await openFilters(page);
    await button(page, 'Failed').click();
    await searchIs(page, '?status=failed');
    await button(page, 'New').press('Space');
    await searchIs(page, '?status=failed,new');
    await chipsAre(page, ['Status is Failed or New']);
    await focusIs(page, 'New');
    await button(statusGroup(page), 'is not').click();
    await searchIs(page, '?status_not=failed,new');
    await button(page, 'Complete').click();
    await searchIs(page, '?status_not=failed,complete,new');
    await settled(page);
    await until(
      'the statuses of the rows',
      () => statuses(page),
      (all) => all.length > 1 && all.every((each) => !['Failed', 'Complete', 'New'].includes(each)),
    );
    await assertAccessible(page, 'filters, statuses left out');
    await page.reload();
    await settled(page);
    await chipsAre(page, ['Status is not Failed or Complete or New']);
    await button(page, 'Remove the filter: Status is not Failed or Complete or New').press('Enter');
    await searchIs(page, '');
    await focusIs(page, 'Filter');
    await chipsAre(page, []);
    await page.goBack();
    await searchIs(page, '?status_not=failed,complete,new');
    await chipsAre(page, ['Status is not Failed or Complete or New']);
  });

  onPage('ask for nothing where every status is chosen', '/?status_not=failed', {}, async (page) => {
    await settled(page);
    await openFilters(page);
    await until('“is not”', () => button(statusGroup(page), 'is not').getAttribute('aria-pressed'), 'true');
    for (const status of ['Complete', 'Partially complete', 'Incomplete', 'Processing', 'Queued', 'New']) {
      await button(page, status).click();
    }
    for (const status of ['Rolling back', 'Rolled back']) await button(page, status).click();
    await chipsAre(page, [
      'Status is not Failed or Complete or Partially complete or Incomplete or Processing or Queued or New or Rolling back or Rolled back',
    ]);
    await button(page, 'Unsupported').click();
    await searchIs(page, '');
    await settled(page);
  });

  onPage('show or leave out types, each a chip of its own', '/', {}, async (page) => {
    const { data } = await ask('{ imports(first: 100) { nodes { type } } }');
    const [first, second] = [...new Set(data.imports.nodes.map(({ type }) => type))];
    assert.ok(first && second, 'two types');
    const typesAre = (accepts) =>
      until(
        'the types of the rows',
        () =>
          page.locator('.rows .cell-file .second').evaluateAll((all) => [...new Set(all.map(({ title }) => title))]),
        (types) => types.length > 0 && types.every(accepts),
      );
    await settled(page);
    await openFilters(page);
    const type = page.getByRole('combobox', { name: 'Type' });
    await type.fill(` ${first} `);
    await type.press('Enter');
    await searchIs(page, `?type=${first}`);
    await chipsAre(page, [`Type is ${first}`]);
    await settled(page);
    await typesAre((each) => each === first);
    await until('the text of the field', () => type.inputValue(), '');
    await until('the field with the focus', () => page.evaluate(() => document.activeElement?.id), 'type');
    await page.getByRole('group', { name: 'Type' }).getByRole('button', { name: 'is not', exact: true }).click();
    await searchIs(page, `?type_not=${first}`);
    await type.fill(second);
    await button(page, 'Add type').click();
    await searchIs(page, `?type_not=${first}&type_not=${second}`);
    await chipsAre(page, [`Type is not ${first}`, `Type is not ${second}`]);
    await settled(page);
    await typesAre((each) => each !== first && each !== second);
    await assertAccessible(page, 'filters, types left out');
    await page.reload();
    await settled(page);
    await chipsAre(page, [`Type is not ${first}`, `Type is not ${second}`]);
    await button(page, `Remove the filter: Type is not ${first}`).press('Enter');
    await searchIs(page, `?type_not=${second}`);
    await button(page, `Remove the filter: Type is not ${second}`).click();
    await searchIs(page, '');
    await focusIs(page, 'Filter');
  });

  onPage('tell imports that have ended from those that have not', '/', {}, async (page) => {
    await settled(page);
    await openFilters(page);
    await button(page, 'has not ended').click();
    await searchIs(page, '?completed=no');
    await chipsAre(page, ['Import has not ended']);
    await settled(page);
    const durations = () =>
      page.locator('.rows .cell-duration').evaluateAll((all) => [...new Set(all.map((cell) => cell.textContent))]);
    await until('the durations', durations, ['–none']);
    await button(page, 'has ended').press('Enter');
    await searchIs(page, '?completed=yes');
    await chipsAre(page, ['Import has ended']);
    await settled(page);
    await until('the durations', durations, (all) => all.length > 0 && !all.includes('–none'));
    await button(page, 'ended or not').click();
    await searchIs(page, '');
  });

  onPage('take spans that move with the clock, one at a time, or days', '/', {}, async (page) => {
    await settled(page);
    await openFilters(page);
    const created = page.getByRole('group', { name: 'Created' });
    await created.getByRole('button', { name: 'last 7 days' }).click();
    await searchIs(page, '?created=last_7_days');
    await created.getByRole('button', { name: 'this month' }).press('Enter');
    await searchIs(page, '?created=this_month');
    await chipsAre(page, ['Created this month']);
    await page.getByRole('group', { name: 'Updated' }).getByRole('button', { name: 'more than an hour ago' }).click();
    await searchIs(page, '?created=this_month&updated=over_an_hour_ago');
    await page.getByLabel('Created from').fill('2026-01-02');
    await button(page, 'Apply dates').click();
    await searchIs(page, '?created=2026-01-02..&updated=over_an_hour_ago');
    await chipsAre(page, ['Created since 02 Jan 2026', 'Updated more than an hour ago']);
    await settled(page);
    await assertAccessible(page, 'filters, dates');
    await button(page, 'Remove the filter: Created since 02 Jan 2026').click();
    await searchIs(page, '?updated=over_an_hour_ago');
    await page.getByRole('button', { name: 'more than an hour ago', exact: true }).click();
    await searchIs(page, '');
    await page.keyboard.press('Escape');
    await page.getByRole('form', { name: 'Filters' }).waitFor({ state: 'detached' });
    await focusIs(page, 'Filter');
  });

  test('mean days of the time zone of the viewer, as the rows show them', async () => {
    const { data } = await ask('{ imports(first: 100) { nodes { databaseId createdAt } } }');
    const zone = 'Pacific/Kiritimati';
    const day = new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(
      Date.parse(data.imports.nodes[60].createdAt),
    );
    await withPage(`/?created=${day}..${day}`, { timezoneId: zone }, async (page) => {
      await settled(page);
      await page.getByText('Dates and times are in Pacific/Kiritimati.').waitFor();
      const wanted = data.imports.nodes.filter(
        ({ createdAt }) => new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(Date.parse(createdAt)) === day,
      );
      const there = await rows(page).evaluateAll((all) => all.map((row) => row.dataset.import));
      assert.ok(wanted.length > 0 && wanted.every(({ databaseId }) => there.includes(databaseId)), there.join());
      const shown = await page.locator('.rows .cell-created time').allInnerTexts();
      const date = new Date(day).toLocaleDateString('en-GB', { timeZone: 'UTC', day: '2-digit', month: 'short' });
      assert.ok(
        shown.every((text) => text.includes(date)),
        shown.join(),
      );
    });
  });

  for (const name of ['Etc/Unknown', undefined]) {
    const before = (page) =>
      page.addInitScript((timeZone) => {
        const { resolvedOptions } = Intl.DateTimeFormat.prototype;
        Intl.DateTimeFormat.prototype.resolvedOptions = function () {
          return { ...resolvedOptions.call(this), timeZone };
        };
      }, name);
    onPage(`are in UTC, and say so, where the browser names its zone ${name}`, '/', { before }, async (page) => {
      await settled(page);
      await page.getByText('Dates and times are in UTC, as this browser does not name a time zone.').waitFor();
    });
  }

  onPage('fit the narrowest phone', '/?status=failed', NARROW, async (page) => {
    await settled(page);
    await openFilters(page);
    await fits(page);
    await button(statusGroup(page), 'is not').click();
    await button(page, 'Complete').click();
    await page.getByRole('group', { name: 'Created' }).getByRole('button', { name: 'last 30 days' }).click();
    await chipsAre(page, ['Status is not Failed or Complete', 'Created last 30 days']);
    await settled(page);
    await fits(page);
    await assertAccessible(page, 'filters at 320 pixels');
  });
});

describe('saved views', () => {
  onPage('are there for what people look for most', '/', {}, async (page) => {
    await settled(page);
    const views = page.getByRole('navigation', { name: 'Saved views' });
    for (const [name, wanted] of [
      ['Failed this week', '?status=failed&created=this_week'],
      ['Stuck for more than an hour', '?status=processing,queued,new,rolling_back&updated=over_an_hour_ago'],
      ['Running now', '?status=processing,queued,new,rolling_back'],
    ]) {
      const link = views.getByRole('link', { name });
      await link.click();
      await searchIs(page, wanted);
      await until('the mark of the view', () => link.getAttribute('aria-current'), 'page');
      assert.equal(await views.getByRole('button', { name: 'Save this view' }).count(), 0);
    }
    await settled(page);
    const running = ['Processing', 'Queued', 'New', 'Rolling back'];
    await until(
      'the statuses of the rows',
      () => statuses(page),
      (all) => all.length > 0 && all.every((each) => running.includes(each)),
    );
    await assertAccessible(page, 'a saved view');
  });

  onPage(
    'can be one’s own: named, kept, opened, shared and removed',
    '/?status=failed&after=',
    {},
    async (page, context) => {
      await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      await settled(page);
      await button(page, 'Save this view').click();
      const field = page.getByLabel('Name of the view');
      await until('the focus', () => field.evaluate((element) => element === document.activeElement), true);
      await page.keyboard.press('Escape');
      await field.waitFor({ state: 'detached' });
      await button(page, 'Save this view').press('Enter');
      await field.fill('What <b>broke</b>');
      await assertAccessible(page, 'naming a view');
      await page.keyboard.press('Enter');
      await page.getByText('Saved as “What <b>broke</b>”.').waitFor();
      await focusIs(page, 'What <b>broke</b>');
      await button(page, 'Copy link').click();
      await page.getByText('The link is copied.').waitFor();
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `${URL_BASE}/?status=failed`);
      await assertAccessible(page, 'a view of one’s own');

      await page.goto('/');
      await settled(page);
      const own = page.getByRole('link', { name: 'What <b>broke</b>' });
      await own.click();
      await searchIs(page, '?status=failed');
      await settled(page);
      await button(page, 'Remove the view “What <b>broke</b>”').click();
      await own.waitFor({ state: 'detached' });
      await focusIs(page, 'Failed this week');
      assert.equal(await page.evaluate(() => localStorage.length), 0);
    },
  );

  const damaged = (page) =>
    page.addInitScript(() => {
      const views = [
        { name: 'Whole', search: '?status=new' },
        { name: 7 },
        null,
        { name: 'Odd', search: '?x=1&created=1' },
      ];
      localStorage.setItem('imports-gateway.views', JSON.stringify(views));
    });
  onPage('pass over what is none', '/', { before: damaged }, async (page) => {
    await settled(page);
    const own = () =>
      page.locator('.view-own a').evaluateAll((all) => all.map((link) => [link.innerText, link.search]));
    await until('the views', own, [
      ['Whole', '?status=new'],
      ['Odd', ''],
    ]);
  });

  const locked = (page) =>
    page.addInitScript(() => {
      Object.defineProperty(globalThis, 'localStorage', {
        get() {
          throw new DOMException('denied', 'SecurityError');
        },
      });
    });
  onPage('say so where the browser keeps nothing', '/?status=new', { before: locked }, async (page) => {
    await settled(page);
    await button(page, 'Save this view').click();
    await page.getByLabel('Name of the view').fill('Mine');
    await button(page, 'Save').click();
    await page.getByText('This browser keeps nothing: the view is gone with this page.').waitFor();
    await page.getByRole('link', { name: 'Mine' }).waitFor();
    assert.equal(await search(page), '?status=new');
  });
});
