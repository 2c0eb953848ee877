/** What the tests look at on the dashboard, and what they hold it to. */
import { KEY } from './gateway.js';
import { until } from './limits.js';

export const ROW = '.rows [data-import]';

export const rows = (page) => page.locator(ROW);
export const shown = (page) => rows(page).evaluateAll((all) => all.map((row) => row.dataset.import));
export const statuses = (page) =>
  page.locator('.rows .status').evaluateAll((all) => [...new Set(all.map((status) => status.innerText))]);
export const tab = (page, name) => page.getByRole('navigation', { name: 'Status' }).getByRole('link', { name });
export const search = (page) => decodeURIComponent(new URL(page.url()).search);
/** The page says by its URL what it shows; the browser driver hears of it a moment after the page does. */
export const searchIs = (page, wanted) => until('the query of the URL', async () => search(page), wanted);

/**
 * The rows of what was asked last are there.
 *
 * Rows and mark are read at once: while a list is loaded, those of the last one are there and the list is busy; where it
 * fails, both go at once, and neither is proof of the other a moment later.
 */
export const settled = (page) =>
  until(
    'rows of a list that is not busy',
    () =>
      page.evaluate(
        (row) => ({
          rows: document.querySelectorAll(row).length,
          busy: document.querySelector('[aria-busy="true"]') !== null,
          page: document.querySelector('main')?.innerText.slice(0, 300),
        }),
        ROW,
      ),
    ({ rows, busy }) => rows > 0 && !busy,
  );

/** So many imports are loaded, as the line above the table says. */
export const loaded = (page, count) =>
  until(
    'the line above the table',
    () => page.evaluate(() => document.querySelector('.summary')?.innerText ?? document.body.innerText.slice(0, 300)),
    (text) => text.startsWith(`${count.toLocaleString('en')} ${count === 1 ? 'import' : 'imports'} loaded`),
  );

/** Opens the panel of filters. */
export async function openFilters(page) {
  await page.getByRole('button', { name: 'Filter', exact: true }).click();
  await page.getByRole('form', { name: 'Filters' }).waitFor();
}

export const button = (scope, name) => scope.getByRole('button', { name, exact: true });

/** What the chips say that the list is filtered by. */
export const chips = (page) => page.locator('.chip-text').evaluateAll((all) => all.map((chip) => chip.textContent));

export const chipsAre = (page, wanted) => until('the chips', () => chips(page), wanted);

/** The id of the element that has the focus. */
export const focused = (page) => page.evaluate(() => document.activeElement?.id);
/** The name of the control that has the focus. */
export const focusIs = (page, name) =>
  until(
    'the control that has the focus',
    () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.innerText),
    name,
  );

/** Nothing stands beyond the right edge of the window. */
export const fits = (page) =>
  until(
    'pixels beyond the window, none',
    () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
    (pixels) => pixels <= 0,
  );

export async function enterKey(page, key = KEY) {
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: /Show imports|Use this key/ }).click();
}
