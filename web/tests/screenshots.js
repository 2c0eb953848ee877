/** `npm run screenshots`: the README's pictures, of generated imports, in light and in dark. */
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { editorReady, openBrowser, openPage } from './browser.js';
import { loaded } from './list.js';

const picture = (name) => fileURLToPath(new URL(`../../docs/${name}.png`, import.meta.url));
const WIDE = { viewport: { width: 1200, height: 760 } };
const PHONE = { viewport: { width: 390, height: 760 } };

test('the pages have their pictures taken', async () => {
  const browser = await openBrowser();
  for (const colorScheme of ['light', 'dark']) {
    await take('dashboard', '/', { ...WIDE, colorScheme }, async (page) => {
      await page.locator('.rows [data-import]').first().waitFor();
      await loaded(page, 150);
    });
    await take('dashboard-phone', '/?status=failed', { ...PHONE, colorScheme }, async (page) => {
      await page.locator('.rows [data-import]').first().waitFor();
    });
    await take('graphiql', '/graphiql', { ...WIDE, colorScheme }, async (page) => {
      await editorReady(page);
      await page.getByRole('button', { name: /Execute query/ }).click();
      await page.locator('.graphiql-response').getByText('estimatedRemainingCount').first().waitFor();
    });
  }
  await browser.close();

  async function take(name, path, options, ready) {
    const { page, context } = await openPage(browser, path, options);
    await ready(page);
    await page.evaluate(() => document.fonts.ready);
    await page.screenshot({ path: picture(`${name}-${options.colorScheme}`), animations: 'disabled', caret: 'hide' });
    await context.close();
  }
});
