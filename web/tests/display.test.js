/** Columns to hide and how close rows stand, in a browser, on the real service. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { assertAccessible, NARROW, openPages } from './browser.js';
import { until } from './limits.js';
import { button, fits, focusIs, loaded, ROW, rows, settled } from './list.js';

const { onPage } = openPages();

const opener = (page) => button(page, 'Display');
const panel = (page) => page.getByRole('group', { name: 'Display' });
const heads = (page) =>
  page
    .locator('.row-head > th')
    .evaluateAll((all) => all.filter((head) => head.checkVisibility()).map((head) => head.innerText.trim()));
const headsAre = (page, wanted) => until('the heads', () => heads(page), wanted);
const heightOf = (page) =>
  rows(page)
    .first()
    .evaluate((row) => row.getBoundingClientRect().height);
const kept = (page) => page.evaluate(() => localStorage.getItem('imports-gateway.display'));

/** No cell beyond the table, none over the next one, and each as wide as it has to be. */
const cellsFit = (page) =>
  until(
    'pixels of cells beyond the table, none',
    () =>
      page.evaluate((row) => {
        const edge = document.querySelector('.table').getBoundingClientRect().right;
        const cells = [...document.querySelectorAll(`${row} > *, .row-head > *`)];
        return Math.max(...cells.map((cell) => cell.getBoundingClientRect().right)) - edge;
      }, ROW),
    (pixels) => pixels <= 0,
  );

describe('the columns', () => {
  onPage('are hidden and shown by pointer, and stay so in this browser', '/', {}, async (page) => {
    await page.setViewportSize({ width: 1440, height: 900 });
    await settled(page);
    const all = ['Import', 'File', 'Status', 'Size', 'Note', 'Created', 'Updated', 'Duration'];
    await headsAre(page, all);
    await opener(page).click();
    for (const name of ['Import', 'Note', 'Updated']) await button(panel(page), name).click();
    const left = ['File', 'Status', 'Size', 'Created', 'Duration'];
    await headsAre(page, left);
    await until('“Note”', () => button(panel(page), 'Note').getAttribute('aria-pressed'), 'false');
    await cellsFit(page);
    await assertAccessible(page, 'columns hidden');
    await page.setViewportSize({ width: 1440, height: 900 });
    // A click beside it closes the panel.
    await page.mouse.click(700, 20);
    await panel(page).waitFor({ state: 'hidden' });
    await page.reload();
    await settled(page);
    await headsAre(page, left);
    await opener(page).click();
    await button(panel(page), 'Reset').click();
    await headsAre(page, all);
    await until('what this browser keeps', () => kept(page), null);
  });

  onPage('are reached by keyboard', '/', { viewport: { width: 1440, height: 900 } }, async (page) => {
    await settled(page);
    await opener(page).focus();
    await page.keyboard.press('Enter');
    await until('“Display”', () => opener(page).getAttribute('aria-expanded'), 'true');
    await page.keyboard.press('Tab');
    await focusIs(page, 'Import');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await headsAre(page, ['Import', 'File', 'Size', 'Note', 'Created', 'Updated', 'Duration']);
    await focusIs(page, 'Status');
    await page.keyboard.press('Escape');
    await panel(page).waitFor({ state: 'hidden' });
    await focusIs(page, 'Display');
    // Leaving it by the keyboard closes it too.
    await page.keyboard.press('Enter');
    await panel(page).waitFor();
    await page.keyboard.press('Shift+Tab');
    await panel(page).waitFor({ state: 'hidden' });
    await focusIs(page, 'Filter');
  });

  onPage('fit every width, whichever are hidden and however close rows stand', '/', {}, async (page) => {
    await settled(page);
    await opener(page).click();
    const states = [['Note', 'Duration'], ['Compact'], ['Status', 'Size', 'Created', 'Updated', 'Import']];
    for (const names of states) {
      for (const name of names) await button(panel(page), name).click();
      // Each end, and a pixel to either side of each width at which the layout changes.
      for (const width of [320, 384, 385, 512, 513, 736, 737, 896, 897, 1248, 1249, 1408, 1409, 1920]) {
        await page.setViewportSize({ width, height: 800 });
        await fits(page);
        await cellsFit(page);
      }
    }
    await page.setViewportSize({ width: 1440, height: 900 });
    await headsAre(page, ['File']);
  });
});

describe('the rows', () => {
  onPage(
    'stand closer, and none is lost or drawn twice',
    '/',
    { viewport: { width: 1440, height: 900 } },
    async (page) => {
      await settled(page);
      const [height, count] = [await heightOf(page), await rows(page).count()];
      await opener(page).click();
      await button(panel(page), 'Compact').press('Enter');
      await until(
        'the height of a row',
        () => heightOf(page),
        (now) => now < height * 0.75,
      );
      await until(
        'more rows in sight',
        () => rows(page).count(),
        (now) => now > count,
      );
      await assertAccessible(page, 'compact');
      await page.setViewportSize({ width: 1440, height: 900 });
      await page.keyboard.press('Escape');
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
      await loaded(page, 250);
      const isGapless = () =>
        rows(page).evaluateAll((all) => {
          const tops = all.map((row) => row.getBoundingClientRect());
          return tops.every((box, index) => !index || Math.abs(box.top - tops[index - 1].bottom) < 1);
        });
      await until('rows without a gap', isGapless, true);
      await page.reload();
      await settled(page);
      assert.ok((await heightOf(page)) < height * 0.75);
    },
  );

  onPage('stand closer on the narrowest phone', '/', NARROW, async (page) => {
    await settled(page);
    const height = await heightOf(page);
    await opener(page).click();
    await fits(page);
    await assertAccessible(page, 'display at 320 pixels');
    await button(panel(page), 'Compact').click();
    await until(
      'the height of a row',
      () => heightOf(page),
      (now) => now < height * 0.75,
    );
    await fits(page);
    await cellsFit(page);
    await assertAccessible(page, 'compact at 320 pixels');
  });

  const damaged = (page) =>
    page.addInitScript(() =>
      localStorage.setItem('imports-gateway.display', '{"hidden":["size","lost",7],"isCompact":1}'),
    );
  onPage('pass over what this page does not know', '/', { before: damaged }, async (page) => {
    await page.setViewportSize({ width: 1440, height: 900 });
    await settled(page);
    await headsAre(page, ['Import', 'File', 'Status', 'Note', 'Created', 'Updated', 'Duration']);
  });
});
