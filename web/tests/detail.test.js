/** An import beside its list, and the list as a request, in a browser, on the real service. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe } from 'node:test';
import { promisify } from 'node:util';
import { assertAccessible, NARROW, openPages } from './browser.js';
import { ask, KEY, newestIds, URL_BASE } from './gateway.js';
import { until } from './limits.js';
import { button, loaded, rows, searchIs, settled, shown } from './list.js';

const { onPage } = openPages();

const panel = (page, id) => page.getByRole('dialog', { name: `Import ${id}` });
const factsOf = (page, id) =>
  until(
    'the facts of the panel',
    async () => [await page.locator('.detail h2').innerText(), await page.locator('.detail code').innerText()],
    ([title, node]) => title === `Import ${id}` && node !== '',
  );

describe('the panel of an import', () => {
  onPage('turns to the next and the previous one, by key and by button', '/', {}, async (page) => {
    await settled(page);
    const ids = (await shown(page)).slice(0, 3);
    await rows(page).first().click();
    await factsOf(page, ids[0]);
    await until('“Previous”', () => button(page, 'Previous').getAttribute('aria-disabled'), 'true');
    await page.keyboard.press('k');
    await factsOf(page, ids[0]);
    await page.keyboard.press('j');
    await factsOf(page, ids[1]);
    await searchIs(page, `?import=${ids[1]}`);
    const { data } = await ask(`{ importByDatabaseId(databaseId: "${ids[1]}") { id } }`);
    await until('the node id', () => page.locator('.detail code').innerText(), data.importByDatabaseId.id);
    await button(page, 'Next').click();
    await factsOf(page, ids[2]);
    const current = () => page.locator('.rows [aria-current]').getAttribute('data-import');
    await until('the row that is marked', current, ids[2]);
    await button(page, 'Previous').press('Enter');
    await factsOf(page, ids[1]);
    await assertAccessible(page, 'turned to');
    await page.keyboard.press('Control+j');
    await page.keyboard.press('Escape');
    // However many were seen, closing leads back to the list.
    await panel(page, ids[1]).waitFor({ state: 'detached' });
    await searchIs(page, '');
    await until('the rows that are marked', () => page.locator('.rows [aria-current]').count(), 0);
  });

  onPage(
    'moves the list along, and past what was loaded',
    '/',
    { viewport: { width: 1280, height: 500 } },
    async (page) => {
      await settled(page);
      const ids = await newestIds();
      await rows(page).first().click();
      await factsOf(page, ids[0]);
      for (let index = 1; index < 60; index += 1) {
        await page.keyboard.press('j');
        await until('the title', () => page.locator('.detail h2').innerText(), `Import ${ids[index]}`);
      }
      await factsOf(page, ids[59]);
      const isInSight = () =>
        page.locator(`.rows [data-import="${ids[59]}"]`).evaluate((row) => {
          const { top, bottom } = row.getBoundingClientRect();
          return top >= 0 && bottom <= innerHeight;
        });
      await until('the open row in sight', isInSight, true);
      await loaded(page, 150);
    },
  );

  onPage('has no neighbours where its list does not have it', '/?status=failed&import=1', {}, async (page) => {
    await page.getByText('This account has no import with the number 1.').waitFor();
    for (const name of ['Previous', 'Next']) {
      await until(name, () => button(page, name).getAttribute('aria-disabled'), 'true');
    }
    await page.keyboard.press('j');
    await searchIs(page, '?status=failed&import=1');
  });

  onPage('copies its id, its cursor and a link to it', '/', {}, async (page, context) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await settled(page);
    const { data } = await ask('{ imports(first: 2) { edges { cursor node { databaseId } } } }');
    const { cursor, node } = data.imports.edges[1];
    await rows(page).nth(1).click();
    await factsOf(page, node.databaseId);
    for (const [what, wanted] of [
      ['id', node.databaseId],
      ['cursor', cursor],
      ['link', `${URL_BASE}/?import=${node.databaseId}`],
    ]) {
      await button(page, `Copy ${what}`).click();
      await page.getByText(`The ${what} is copied.`).waitFor();
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), wanted);
    }
    await assertAccessible(page, 'copied');
  });

  onPage('fits the narrowest phone', '/', NARROW, async (page) => {
    await settled(page);
    await rows(page).first().click();
    await page.getByRole('dialog').getByText('Node id').waitFor();
    const over = () => page.locator('.detail').evaluate((dialog) => dialog.scrollWidth - dialog.clientWidth);
    await until('pixels beyond the panel, none', over, (pixels) => pixels <= 0);
    await assertAccessible(page, 'detail at 320 pixels');
  });
});

describe('the list as a request', () => {
  const path =
    '/?status_not=complete&type_not=Nothing&completed=yes&created=2025-03-01..2026-06-30&q=a&sort=updated_at.asc';
  onPage('runs in a shell and gives what is on screen', path, {}, async (page) => {
    await settled(page);
    const wanted = (await shown(page)).slice(0, 10);
    await button(page, 'Show as curl').click();
    await page.getByRole('dialog', { name: 'This list as a request' }).waitFor();
    await assertAccessible(page, 'the list as a request');
    const answers = {
      GraphQL: ({ data }) => data.imports.edges.map(({ node }) => node.databaseId),
      REST: ({ records }) => records.map(({ id }) => String(id)),
    };
    for (const [name, idsOf] of Object.entries(answers)) {
      const command = await page.getByLabel(`${name} request`, { exact: true }).innerText();
      assert.ok(!command.includes(KEY), command);
      const shell = promisify(execFile)('sh', ['-c', command], { env: { ...process.env, API_KEY: KEY } });
      assert.deepEqual(idsOf(JSON.parse((await shell).stdout)).slice(0, 10), wanted, name);
    }
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const focused = () => page.evaluate(() => document.activeElement?.textContent);
    await until('the focus back on the button', focused, 'Show as curl');
  });

  onPage('is copied, on the narrowest phone too', '/?status=failed', NARROW, async (page, context) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await settled(page);
    await button(page, 'Show as curl').press('Enter');
    await button(page, 'Copy the REST request').click();
    await page.getByText('The REST request is copied.').waitFor();
    assert.equal(
      await page.evaluate(() => navigator.clipboard.readText()),
      `curl --globoff '${URL_BASE}/api/v1/imports?per_page=50&filter[status][include]=failed' \\\n  -H "Authorization: Bearer $API_KEY"`,
    );
    await assertAccessible(page, 'the list as a request at 320 pixels');
    await button(page, 'Close').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });
});
