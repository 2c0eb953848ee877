/** The chart over the whole filtered list, and the true total, in a browser, on the real service. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { assertAccessible, NARROW, openPages, REFUSED } from './browser.js';
import { ask } from './gateway.js';
import { test, until } from './limits.js';
import { chips, fits, focused, search, searchIs, settled, tab } from './list.js';

const ROWS = Number(process.env.GATEWAY_ROWS ?? 10_000).toLocaleString('en');

const { onPage, withPage } = openPages();

const caption = (page) => page.locator('.chart figcaption > span').innerText();
const captionIs = (page, wanted) =>
  until(
    'the caption of a chart that is not busy',
    async () => {
      const isBusy = await page.locator('.chart[aria-busy="true"]').count();
      return isBusy ? 'busy' : caption(page);
    },
    wanted,
  );
const bars = (page) => page.locator('.chart g[role="button"]');
const dayOf = (id) => id.replace('bar-', '');
const dayBefore = (day) => new Date(Date.parse(day) - 86_400_000).toISOString().slice(0, 10);
const middleOf = async (bar) => {
  const { x, y, width, height } = await bar.boundingBox();
  return [x + width / 2, y + height / 2];
};
const enumName = (status) => status.toUpperCase().replaceAll(' ', '_');

/** How many imports were created since a day, by day and status: by walking over them. */
async function walk(from) {
  const query = `query ($after: String, $filter: ImportFilter) {
    imports(first: 100, after: $after, filter: $filter) { nodes { status createdAt } pageInfo { hasNextPage endCursor } }
  }`;
  const byDay = {};
  for (let after = null, more = true; more;) {
    const { data } = await ask(query, { after, filter: { createdAt: { gte: `${from}T00:00:00Z` } } });
    for (const { status, createdAt } of data.imports.nodes) {
      const day = (byDay[createdAt.slice(0, 10)] ??= {});
      day[status] = (day[status] ?? 0) + 1;
    }
    ({ hasNextPage: more, endCursor: after } = data.imports.pageInfo);
  }
  return byDay;
}

async function aDay() {
  const { data } = await ask('{ imports(first: 100) { nodes { createdAt } } }');
  return data.imports.nodes[99].createdAt.slice(0, 10);
}

describe('the chart', () => {
  test('draws the whole filtered list by day and status', async () => {
    const from = await aDay();
    const wanted = await walk(from);
    await withPage(`/?created=${from}..`, { timezoneId: 'UTC' }, async (page) => {
      await settled(page);
      const total = Object.values(wanted).flatMap(Object.values);
      const sum = total.reduce((all, count) => all + count, 0);
      await captionIs(page, `${sum} imports per day and status`);
      const tips = (await page.locator('.chart g title').allTextContents()).map((tip) => tip.split('\n'));
      const drawn = tips
        .filter((tip) => tip.length > 1)
        .map(([day, ...statuses]) => [
          new Date(`${day} UTC`).toISOString().slice(0, 10),
          Object.fromEntries(statuses.map((each) => each.split(': ')).map(([name, count]) => [enumName(name), +count])),
        ]);
      assert.deepEqual(Object.fromEntries(drawn), wanted);
    });
  });

  onPage('has the true total, and that of a status', '/', {}, async (page) => {
    await settled(page);
    const all = async () => (await tab(page, /^All/).innerText()).replace(/\s/g, '');
    await until('the tab of all', all, `All${ROWS}`);
    await until(
      'the caption',
      () => caption(page),
      (text) => text.startsWith(`${ROWS} imports per `),
    );
    await assertAccessible(page, 'chart');
    const { data } = await ask(
      '{ importCounts(filter: { status: { include: [FAILED] } }, by: MONTH) { total isExact } }',
    );
    assert.ok(data.importCounts.isExact);
    await tab(page, /^Failed/).click();
    await searchIs(page, '?status=failed');
    const failed = data.importCounts.total.toLocaleString('en');
    await captionIs(page, (text) => text.startsWith(`${failed} imports per `));
    await until('the tab of all', all, `All${ROWS}`);
  });

  onPage('narrows the list to the days of a bar, by pointer', '/?status=failed', {}, async (page) => {
    await settled(page);
    const last = bars(page).last();
    const from = dayOf(await last.getAttribute('id'));
    // In the middle of the bar there may be nothing but the empty part of its column.
    await last.click();
    await until(
      'the query of the URL',
      async () => search(page),
      (text) => text.startsWith(`?status=failed&created=${from}..`),
    );
    await settled(page);
    await until('how many chips', async () => (await chips(page)).length, 2);
    await captionIs(page, (text) => / imports? per day and status$/.test(text));
    await page.goBack();
    await searchIs(page, '?status=failed');
  });

  onPage('goes from bar to bar by the arrow keys, and narrows the list by Enter', '/', {}, async (page) => {
    await settled(page);
    await bars(page).first().waitFor();
    const ids = await bars(page).evaluateAll((all) => all.map(({ id }) => id));
    assert.deepEqual(
      await page.locator('.chart [tabindex="0"]').evaluateAll((all) => all.map(({ id }) => id)),
      ids.slice(-1),
    );
    const focusIs = (id) => until('the bar with the focus', () => focused(page), id);
    await page.locator('.chart [tabindex="0"]').focus();
    await page.keyboard.press('ArrowLeft');
    await focusIs(ids.at(-2));
    await page.keyboard.press('Home');
    await focusIs(ids[0]);
    await page.keyboard.press('ArrowRight');
    await focusIs(ids[1]);
    await page.keyboard.press('End');
    await focusIs(ids.at(-1));
    await page.keyboard.press('Enter');
    await until(
      'the query of the URL',
      async () => search(page),
      (text) => text.startsWith(`?created=${dayOf(ids.at(-1))}..`),
    );
    await settled(page);
    await captionIs(page, (text) => / imports? per day and status$/.test(text));
    await until(
      'a bar with the focus',
      () => focused(page),
      (id) => id.startsWith('bar-'),
    );
  });

  onPage('narrows the list to the days that a pointer is dragged over, either way', '/', {}, async (page) => {
    await settled(page);
    await bars(page).first().waitFor();
    const [from, to] = [bars(page).nth(3), bars(page).nth(5)];
    const days = await Promise.all([from, to, bars(page).nth(6)].map((bar) => bar.getAttribute('id')));
    const narrowed = `?created=${dayOf(days[0])}..${dayBefore(dayOf(days[2]))}`;
    const drag = async (first, last) => {
      await page.mouse.move(...(await middleOf(first)));
      await page.mouse.down();
      await page.mouse.move(...(await middleOf(last)), { steps: 3 });
      await captionIs(page, (text) => / – .*: [\d,]+$/.test(text));
      await page.mouse.up();
    };
    await drag(to, from);
    await searchIs(page, narrowed);
    await settled(page);
    await page.goBack();
    await searchIs(page, '');
    await captionIs(page, (text) => text.startsWith(`${ROWS} imports per `));
    // A press of Escape lets go of the days, and what was pressed is no click.
    await page.mouse.move(...(await middleOf(from)));
    await page.mouse.down();
    await page.mouse.move(...(await middleOf(to)), { steps: 3 });
    await captionIs(page, (text) => text.includes(' – '));
    await page.keyboard.press('Escape');
    await captionIs(page, (text) => text.startsWith(`${ROWS} imports per `));
    await page.mouse.up();
    await searchIs(page, '');
    await drag(from, to);
    await searchIs(page, narrowed);
    await settled(page);
    await until('how many chips', async () => (await chips(page)).length, 1);
  });

  onPage('narrows the list to the days chosen by Shift and the arrow keys', '/', {}, async (page) => {
    await settled(page);
    await bars(page).first().waitFor();
    const ids = await bars(page).evaluateAll((all) => all.map(({ id }) => id));
    const counts = await bars(page).evaluateAll((all) =>
      all.map((bar) => Number(/: ([\d,]+) import/.exec(bar.ariaLabel)[1].replaceAll(',', ''))),
    );
    const sum = (from, to) =>
      counts
        .slice(from, to)
        .reduce((all, count) => all + count, 0)
        .toLocaleString('en');
    const said = () => page.locator('.chart [role="status"]').textContent();
    await page.locator('.chart [tabindex="0"]').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    await until('what a screen reader says', said, (text) => text.includes(`: ${sum(1, 4)} imports. Enter narrows`));
    await captionIs(page, (text) => text.endsWith(`: ${sum(1, 4)}`));
    await assertAccessible(page, 'days of the chart chosen');
    await page.keyboard.press('Shift+ArrowLeft');
    await captionIs(page, (text) => text.endsWith(`: ${sum(1, 3)}`));
    await page.keyboard.press('Escape');
    await captionIs(page, (text) => text.startsWith(`${ROWS} imports per `));
    await page.keyboard.press('Shift+End');
    await captionIs(page, (text) => text.endsWith(`: ${sum(2)}`));
    // Without Shift it is one bar again.
    await page.keyboard.press('ArrowLeft');
    await captionIs(page, (text) => text.startsWith(`${ROWS} imports per `));
    await page.keyboard.press('Home');
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Enter');
    await searchIs(page, `?created=${dayOf(ids[0])}..${dayBefore(dayOf(ids[2]))}`);
    await settled(page);
    await captionIs(page, `${sum(0, 2)} imports per day and status`);
  });

  onPage(
    'counts by UTC where the service does not know the zone, and says so',
    '/',
    {
      timezoneId: 'Asia/Tokyo',
      expected: REFUSED,
      before: (page) =>
        page.route('**/graphql', async (route) => {
          const { variables } = route.request().postDataJSON();
          if (variables.timeZone !== 'Asia/Tokyo') return route.continue();
          const extensions = { code: 'BAD_USER_INPUT', argument: 'timeZone' };
          const json = { data: null, errors: [{ message: '`timeZone` must be the name of a zone.', extensions }] };
          return route.fulfill({ status: 422, json });
        }),
    },
    async (page) => {
      await settled(page);
      await page
        .getByText('Days of this chart are in UTC, as the service does not know the zone Asia/Tokyo.')
        .waitFor();
      await until(
        'the caption',
        () => caption(page),
        (text) => text.startsWith(`${ROWS} imports per `),
      );
    },
  );

  onPage(
    'says so where its counts fail, beside rows that are there',
    '/',
    {
      expected: REFUSED,
      before: (page) => {
        let isFirst = true;
        return page.route('**/graphql', async (route) => {
          if (!isFirst || !route.request().postData().includes('countsQuery')) return route.continue();
          isFirst = false;
          return route.fulfill({ status: 503, body: '' });
        });
      },
    },
    async (page) => {
      await settled(page);
      await page.getByText('The chart could not be loaded.').waitFor();
      await assertAccessible(page, 'chart failed');
      await page.getByRole('button', { name: 'Try again' }).click();
      await until(
        'the caption',
        () => caption(page),
        (text) => text.startsWith(`${ROWS} imports per `),
      );
    },
  );

  onPage('fits the narrowest phone', '/', NARROW, async (page) => {
    await settled(page);
    await bars(page).first().waitFor();
    await fits(page);
    await assertAccessible(page, 'chart at 320 pixels');
  });
});
