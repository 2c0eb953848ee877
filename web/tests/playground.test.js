/** The page at `/graphiql`, in a browser, on the real service. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertAccessible, editorReady, openBrowser, openPage } from './browser.js';
import { KEY, URL_BASE } from './gateway.js';

const EXAMPLES = ['First page', 'Next page', 'Failed since a date', 'Backward paging', 'Status counts', 'Node refetch'];

let browser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

async function onPlayground(path, options, body) {
  const { page, context, faults } = await openPage(browser, path, options);
  try {
    await editorReady(page);
    await body(page, context);
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
  }
}

/** What an editor of the page holds: `operation`, `variables` or `response`. */
const editor = (page, name) =>
  page.evaluate(
    (wanted) =>
      globalThis.__MONACO.editor
        .getModels()
        .find(({ uri }) => uri.path.includes(wanted))
        ?.getValue() ?? '',
    name,
  );

/** Runs what is in the active tab, and gives the answer that the page then shows. */
async function run(page) {
  const answered = page.waitForResponse(
    (response) => response.url().endsWith('/graphql') && !introspects(response.request()),
  );
  await page.getByRole('button', { name: /Execute query/ }).click();
  const text = await (await answered).text();
  await page.waitForFunction(
    (wanted) => {
      const response = globalThis.__MONACO.editor.getModels().find(({ uri }) => uri.path.includes('response'));
      try {
        return JSON.stringify(JSON.parse(response.getValue())) === wanted;
      } catch {
        return false;
      }
    },
    JSON.stringify(JSON.parse(text)),
  );
  return JSON.parse(text);
}

const introspects = (request) => request.postData()?.includes('IntrospectionQuery');

describe('the playground', () => {
  test('edits with workers of its own origin, and shows the docs and the explorer', () =>
    onPlayground('/graphiql', {}, async (page) => {
      await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
      await page
        .getByRole('link', { name: 'Query', exact: true })
        .or(page.getByRole('button', { name: 'Query', exact: true }))
        .first()
        .click();
      await page.locator('.graphiql-doc-explorer').getByText('importStatusCounts').first().waitFor();
      await page.getByRole('button', { name: 'Show GraphiQL Explorer' }).click();
      await page.locator('.graphiql-explorer-root').getByText('importByDatabaseId').first().waitFor();
      const workers = page.workers().map((worker) => worker.url());
      assert.ok(workers.length >= 2, workers.join());
      for (const url of workers) assert.ok(url.startsWith(`${URL_BASE}/assets/`), url);
    }));

  test('has examples that run as they stand', () =>
    onPlayground('/graphiql', {}, async (page) => {
      const first = await run(page);
      assert.equal(first.data.imports.edges.length, 10, 'what the page opens with');
      const answers = {};
      for (const title of EXAMPLES) {
        const tabs = await page.locator('.graphiql-tab').count();
        await page.locator('.examples').getByRole('button', { name: title }).click();
        await page.locator('.graphiql-tab').nth(tabs).waitFor();
        const { data, errors } = await run(page);
        assert.equal(errors, undefined, `${title}: ${JSON.stringify(errors)}`);
        answers[title] = data;
      }
      assert.equal(answers['Next page'].imports.pageInfo.hasPreviousPage, true);
      assert.equal(answers['Backward paging'].imports.pageInfo.hasNextPage, false);
      assert.equal(answers['Status counts'].importStatusCounts.length, 10);
      assert.ok(answers['Failed since a date'].imports.nodes.length > 0);
      assert.ok(answers['Node refetch'].node.fileName);
    }));

  test('shares an operation by a link without the key', () =>
    onPlayground('/graphiql', {}, async (page) => {
      await page.locator('.examples').getByRole('button', { name: 'Next page' }).click();
      await page.waitForFunction(() =>
        globalThis.__MONACO.editor.getModels().some((model) => model.getValue().includes('NextPage')),
      );
      await page.getByRole('button', { name: 'Copy a link to this operation' }).click();
      await page.waitForURL(/graphiql#query=/);
      const link = page.url();
      assert.ok(!decodeURIComponent(link).includes(KEY));
      const [query, variables] = [await editor(page, 'operation'), await editor(page, 'variables')];
      await onPlayground(link, {}, async (other) => {
        assert.equal(await editor(other, 'operation'), query);
        assert.equal(await editor(other, 'variables'), variables);
        assert.equal(new URL(other.url()).hash, '');
        assert.equal((await run(other)).errors, undefined);
      });
    }));

  test('keeps the key for the tab alone, and asks for another where it is refused', () =>
    onPlayground('/graphiql', { expected: /^Failed to load resource/ }, async (page) => {
      await run(page);
      await page.getByRole('button', { name: 'Change key' }).click();
      await page.getByLabel('API key').fill('igw_wrong');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').getByText('This key was not accepted.').waitFor();
      await page.getByLabel('API key').fill(KEY);
      await page.getByRole('button', { name: 'Use this key' }).click();
      await page.getByText('API key set for this tab').waitFor();
      assert.ok((await run(page)).data);
      const kept = await page.evaluate(() => JSON.stringify([localStorage, document.cookie, location.href]));
      assert.ok(!kept.includes(KEY));
    }));

  for (const colorScheme of ['light', 'dark']) {
    test(`has no serious accessibility fault in ${colorScheme} colours`, () =>
      onPlayground('/graphiql', { colorScheme }, async (page) => {
        await run(page);
        await assertAccessible(page, colorScheme);
      }));
  }
});
