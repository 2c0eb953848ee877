/** What the tests look at on the dashboard. */
import { KEY } from './gateway.js';

export const ROW = '.rows [data-import]';

export const rows = (page) => page.locator(ROW);
export const shown = (page) => rows(page).evaluateAll((all) => all.map((row) => row.dataset.import));
export const tab = (page, name) => page.getByRole('navigation', { name: 'Status' }).getByRole('link', { name });
export const search = (page) => decodeURIComponent(new URL(page.url()).search);

/** The rows of what was asked last are there. */
export async function settled(page) {
  await rows(page).first().waitFor();
  await page.locator('[aria-busy="true"]').waitFor({ state: 'detached' });
}

/** So many imports are loaded, as the line above the table says. */
export const loaded = (page, count) =>
  page
    .locator('.summary')
    .getByText(`${count} ${count === 1 ? 'import' : 'imports'} loaded`)
    .waitFor();

export async function enterKey(page, key = KEY) {
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: /Show imports|Use this key/ }).click();
}
