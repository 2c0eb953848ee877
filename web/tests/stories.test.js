/** What a newcomer can find in the demo, in as few actions as they need. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { openPages } from './browser.js';
import { until } from './limits.js';
import { rows, searchIs, settled, statuses, tab } from './list.js';

const { onPage } = openPages();

/** As seen from most of the Earth, it is the same day at ten in the morning UTC. */
const HERE = { timezoneId: 'Europe/Berlin' };
const names = (page) => page.locator('.rows .cell-file a').allInnerTexts();

describe('a newcomer finds', () => {
  onPage('the import that failed on Tuesday with “fuel” in its name, in three actions', '/', HERE, async (page) => {
    await settled(page);
    await page.getByRole('searchbox', { name: 'Search file names' }).fill('fuel');
    await searchIs(page, '?q=fuel');
    await tab(page, /^Failed/).click();
    await searchIs(page, '?status=failed&q=fuel');
    await settled(page);
    const onTuesday = rows(page).filter({ has: page.locator('.cell-created time', { hasText: /^Tue \d\d \w{3}/ }) });
    await until('the rows of the last Tuesday', () => onTuesday.count(), 1);
    await onTuesday.click();
    const panel = page.getByRole('dialog');
    await panel.getByText('fuel_cards_north.csv').waitFor();
    await panel.getByText('Line 118: "Liters" is not a number: "n/a"').waitFor();
  });

  onPage('the one import that is stuck, in one', '/', HERE, async (page) => {
    await settled(page);
    await page.getByRole('link', { name: 'Stuck for more than an hour' }).click();
    await searchIs(page, '?status=processing,queued,new,rolling_back&updated=over_an_hour_ago');
    await settled(page);
    await until('the names of the files', () => names(page), ['inventory_full_export.xlsx']);
  });

  onPage('the night in which all files of a source failed, in two', '/', HERE, async (page) => {
    await settled(page);
    await tab(page, /^Failed/).click();
    await searchIs(page, '?status=failed');
    await settled(page);
    const bars = page.locator('.chart g[role="button"]');
    await bars.first().waitFor();
    const ago = new Date(Date.now() - 12 * 86_400_000).toISOString().slice(0, 10);
    const starts = await bars.evaluateAll((all) => all.map(({ id }) => id.replace('bar-', '')));
    await bars.nth(starts.findLastIndex((day) => day <= ago)).click();
    await until(
      'the text of the chart',
      () => page.locator('.chart figcaption').innerText(),
      (text) => text.includes(' per day '),
    );
    await settled(page);
    const night = async () => {
      const tips = await page.locator('.chart g title').allTextContents();
      return Math.max(...tips.map((tip) => Number(/Failed: (\d+)/.exec(tip)?.[1] ?? 0)));
    };
    await until('the failures of one day', night, (count) => count >= 64);
    assert.deepEqual(await statuses(page), ['Failed']);
  });

  onPage(
    'names that are written from right to left, whole and in their row',
    '/?q=%D9%88%D9%82%D9%88%D8%AF',
    HERE,
    async (page) => {
      await settled(page);
      await until('the names of the files', () => names(page), ['وقود_الأسطول.csv']);
    },
  );
});
