/** Going to a date in the list, in a browser, on the real service. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { assertAccessible, NARROW, openPages, REFUSED } from './browser.js';
import { ask } from './gateway.js';
import { test, until } from './limits.js';
import { button, fits, search, settled, shown } from './list.js';

const { withPage } = openPages();

const field = (page) => page.getByLabel('Jump to date');
const queryIs = (page, wanted) => until('the query of the URL', async () => search(page), wanted);
const startsWith = (page, ids) => until('the first rows', async () => (await shown(page)).slice(0, 5), ids.slice(0, 5));

/** A day some way down the list, and the ids from there on, latest or earliest first. */
async function aPlace(field, direction) {
  const sort = [{ [field]: direction }];
  const list =
    'query ($sort: [ImportSort!], $filter: ImportFilter) { imports(first: 100, sort: $sort, filter: $filter) { nodes { databaseId createdAt updatedAt } } }';
  const { data } = await ask(list, { sort });
  const day = data.imports.nodes[99][field].slice(0, 10);
  const [start, end] = [`${day}T00:00:00Z`, new Date(Date.parse(day) + 86_400_000).toISOString()];
  const filter = { [field]: direction === 'DESC' ? { lt: end } : { gte: start } };
  const from = await ask(list, { sort, filter });
  return {
    day,
    ids: from.data.imports.nodes.map(({ databaseId }) => databaseId),
    top: data.imports.nodes[0].databaseId,
  };
}

describe('a jump to a date', () => {
  for (const [path, field_, direction, order] of [
    ['/', 'createdAt', 'DESC', 'created_at.desc'],
    ['/?sort=created_at.asc', 'createdAt', 'ASC', 'created_at.asc'],
    ['/?sort=updated_at.desc', 'updatedAt', 'DESC', 'updated_at.desc'],
  ]) {
    test(`starts the list there and leads back to its start, at ${path}`, async () => {
      const { day, ids, top } = await aPlace(field_, direction);
      await withPage(path, { timezoneId: 'UTC' }, async (page) => {
        await settled(page);
        await field(page).fill(day);
        await field(page).press('Enter');
        await queryIs(page, (text) => text.startsWith(`?sort=${order}&after=`));
        await settled(page);
        await startsWith(page, ids);
        await until('the order', () => page.getByLabel('Order').inputValue(), order);
        if (path === '/') await assertAccessible(page, 'after a jump');
        await page.reload();
        await settled(page);
        await startsWith(page, ids);
        await button(page, 'Back to the start').click();
        await queryIs(page, `?sort=${order}`);
        await until('the first row', async () => (await shown(page))[0], top);
        await button(page, 'Back to the start').waitFor({ state: 'detached' });
        // The back button shows the same list at the place that was jumped to.
        await page.goBack();
        await queryIs(page, (text) => text.startsWith(`?sort=${order}&after=`));
        await startsWith(page, ids);
      });
    });
  }

  test('to where the list starts is its start', () =>
    withPage('/?sort=created_at.asc', {}, async (page) => {
      await settled(page);
      const before = await shown(page);
      await field(page).fill('1999-01-01');
      await button(page, 'Go').click();
      await settled(page);
      await startsWith(page, before);
      await queryIs(page, '?sort=created_at.asc');
    }));

  test('that fails says so, and leaves the list alone', () =>
    withPage(
      '/',
      {
        expected: REFUSED,
        before: (page) =>
          page.route('**/graphql', (route) =>
            route.request().postData().includes('JumpFormQuery')
              ? route.fulfill({ status: 503, body: '' })
              : route.continue(),
          ),
      },
      async (page) => {
        await settled(page);
        const before = await shown(page);
        await field(page).fill('2026-01-01');
        await button(page, 'Go').press('Space');
        await page.getByText(/^The date could not be looked up: /).waitFor();
        await startsWith(page, before);
        await queryIs(page, '');
      },
    ));

  test('fits the narrowest phone', async () => {
    const { day } = await aPlace('createdAt', 'DESC');
    await withPage('/', NARROW, async (page) => {
      await settled(page);
      await field(page).fill(day);
      await button(page, 'Go').click();
      await button(page, 'Back to the start').waitFor();
      await fits(page);
      await assertAccessible(page, 'jump at 320 pixels');
    });
  });
});
