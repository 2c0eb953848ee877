/** The page at `/graphiql`, in a browser, on the real service. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { assertAccessible, editorReady, openPages, PHONE, REFUSED } from './browser.js';
import { KEY, URL_BASE } from './gateway.js';
import { test, until } from './limits.js';

const EXAMPLES = ['First page', 'Next page', 'Failed since a date', 'Backward paging', 'Status counts', 'Node refetch'];

const { withPage } = openPages();

function onPlayground(path, options, body) {
  return withPage(path, options, async (page, context) => {
    await editorReady(page);
    await body(page, context);
  });
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

/** The editor holds the operation that a tab names: GraphiQL reads it, and names the tab by it, a moment after a change. */
const tabReady = (page, index) =>
  until(
    `the operation of tab ${index}`,
    async () => [await page.locator('.graphiql-tab').nth(index).innerText(), await editor(page, 'operation')],
    ([name, text]) => /^\w+$/.test(name.trim()) && text.includes(name.trim()),
  );

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
      const urls = async () => page.workers().map((worker) => worker.url());
      for (const url of await until('two workers or more', urls, ({ length }) => length >= 2)) {
        assert.ok(url.startsWith(`${URL_BASE}/assets/`), url);
      }
    }));

  test('has examples that run as they stand', () =>
    onPlayground('/graphiql', {}, async (page) => {
      const first = await run(page);
      assert.equal(first.data.imports.edges.length, 10, 'what the page opens with');
      const answers = {};
      for (const title of EXAMPLES) {
        const tabs = await page.locator('.graphiql-tab').count();
        await page.locator('.examples').getByRole('button', { name: title }).click();
        await tabReady(page, tabs);
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

  test('runs a subscription until it is stopped, with the key of the page or of its headers', () =>
    onPlayground('/graphiql', {}, async (page) => {
      const frames = [];
      page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => frames.push(JSON.parse(payload))));
      await page.locator('.examples').getByRole('button', { name: 'Changes' }).click();
      await tabReady(page, 1);
      await page.getByRole('button', { name: /Execute query/ }).click();
      await until('a subscription', async () => frames.map(({ type }) => type), ['connection_init', 'subscribe']);
      assert.deepEqual(frames[0].payload, { Authorization: `Bearer ${KEY}` });
      await page.getByRole('button', { name: /Stop query/ }).click();
      await until('its end', async () => frames.at(-1).type, 'complete');
      // A cursor that is none: the answer comes by the same way, and ends it.
      await page.evaluate(() => {
        const model = globalThis.__MONACO.editor.getModels().find(({ uri }) => uri.path.includes('variables'));
        model.setValue('{"after": "nonsense"}');
      });
      await page.getByRole('button', { name: /Execute query/ }).click();
      await until(
        'the answer',
        () => editor(page, 'response'),
        (text) => text.includes('INVALID_CURSOR'),
      );
      await page.getByRole('button', { name: /Execute query/ }).waitFor();
    }));

  test('shares an operation by a link without the key', () =>
    onPlayground('/graphiql', {}, async (page) => {
      await page.locator('.examples').getByRole('button', { name: 'Next page' }).click();
      // GraphiQL reads the document and its variables a moment after they change, and names the tab by it.
      await tabReady(page, 1);
      await until(
        'the operation',
        () => editor(page, 'operation'),
        (text) => text.includes('NextPage'),
      );
      await page.getByRole('button', { name: 'Copy a link to this operation' }).click();
      await page.waitForURL(/graphiql#query=/);
      const link = page.url();
      assert.ok(!decodeURIComponent(link).includes(KEY));
      const [query, variables] = [await editor(page, 'operation'), await editor(page, 'variables')];
      await onPlayground(link, {}, async (other) => {
        await until('the operation', () => editor(other, 'operation'), query);
        await until('the variables', () => editor(other, 'variables'), variables);
        await until('the hash of the URL', async () => new URL(other.url()).hash, '');
        assert.equal((await run(other)).errors, undefined);
      });
    }));

  test('keeps the key for the tab alone, and asks for another where it is refused', () =>
    onPlayground('/graphiql', { expected: REFUSED }, async (page) => {
      await run(page);
      await page.getByRole('button', { name: 'Change key' }).click();
      await page.getByRole('button', { name: 'Cancel' }).click();
      assert.ok((await run(page)).data);
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

  test('prettifies, merges and copies, and keeps its tabs on reload', () =>
    onPlayground('/graphiql', { permissions: ['clipboard-read', 'clipboard-write'] }, async (page) => {
      const written = await editor(page, 'operation');
      await page.evaluate(() => {
        const model = globalThis.__MONACO.editor.getModels().find(({ uri }) => uri.path.includes('operation'));
        model.setValue('query Small{...Part} fragment Part on Query{viewer{name}}');
      });
      // GraphiQL reads the document a moment after the last key, and names the tab by it; until then it merges what was there.
      await page.locator('.graphiql-tab').getByRole('button', { name: 'Small' }).waitFor();
      await page.getByRole('button', { name: /^Merge fragments/ }).click();
      await page.waitForFunction(() =>
        globalThis.__MONACO.editor.getModels().every((model) => !model.getValue().includes('...Part')),
      );
      await page.getByRole('button', { name: /^Prettify query/ }).click();
      await page.waitForFunction(() =>
        globalThis.__MONACO.editor.getModels().some((model) => model.getValue().includes('\n  viewer {')),
      );
      await page.getByRole('button', { name: /^Copy query/ }).click();
      const copied = () => page.evaluate(() => navigator.clipboard.readText());
      await until('what was copied', copied, (text) => text.startsWith('query Small'));
      assert.equal((await run(page)).data.viewer.name.length > 0, true);
      await page.locator('.examples').getByRole('button', { name: 'Status counts' }).click();
      await page.locator('.graphiql-tab').nth(1).waitFor();
      await page.locator('.graphiql-tab').first().getByRole('button', { name: 'Small' }).click();
      await until(
        'the operation of the first tab',
        () => editor(page, 'operation'),
        (text) => text.startsWith('query Small'),
      );
      assert.notEqual(await editor(page, 'operation'), written);
      // GraphiQL writes its tabs a moment after the last key.
      await page.waitForFunction(() => /Small.*StatusCounts/.test(localStorage.getItem('graphiql:tabState')));
      await page.reload();
      await editorReady(page);
      await page.locator('.graphiql-tab').nth(1).waitFor();
      const tabs = () => page.locator('.graphiql-tabs').innerText();
      await until('both tabs', tabs, (text) => /Small[^]*StatusCounts/.test(text));
    }));

  test('leads to the dashboard and back', () =>
    onPlayground('/graphiql', {}, async (page) => {
      await page.getByRole('link', { name: 'Dashboard' }).click();
      await page.locator('.rows [data-import]').first().waitFor();
      await page.goBack();
      await editorReady(page);
    }));

  test('keeps no header that was typed beyond the tab', () =>
    onPlayground('/graphiql', {}, async (page) => {
      await page.getByRole('button', { name: 'Headers' }).click();
      await page.locator('.graphiql-editor-tool').getByRole('textbox').last().focus();
      await page.keyboard.insertText('{"X-Secret": "typed by hand"}');
      await run(page);
      const storage = () => page.evaluate(() => JSON.stringify(localStorage));
      const kept = await until('what is stored', storage, (text) => text.includes('FirstPage'));
      assert.ok(!kept.includes('typed by hand'), kept);
    }));

  test('runs on a phone, where a pane covers the editors until it is closed', () =>
    onPlayground('/graphiql', PHONE, async (page) => {
      await assertAccessible(page, 'phone');
      assert.equal((await run(page)).errors, undefined);
      await page.locator('.graphiql-response').getByText('imports').first().waitFor();
      await page.getByRole('button', { name: 'Show Examples' }).click();
      await page.locator('.examples').waitFor();
      await assertAccessible(page, 'phone, examples');
      await page.locator('.examples').getByRole('button', { name: 'Status counts' }).click();
      await page.locator('.examples').waitFor({ state: 'detached' });
      await tabReady(page, 1);
      assert.equal((await run(page)).data.importStatusCounts.length, 10);
      await assertAccessible(page, 'phone, answer');
      const [width, visible] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(width <= visible, `${width} pixels wide`);
    }));

  test('has no serious accessibility fault in any of its panes and dialogs', () =>
    onPlayground('/graphiql', {}, async (page) => {
      await run(page);
      await assertAccessible(page, 'examples and answer');
      for (const pane of ['Documentation Explorer', 'History', 'GraphiQL Explorer']) {
        await page.getByRole('button', { name: `Show ${pane}` }).click();
        await assertAccessible(page, pane);
      }
      for (const dialog of ['Open short keys dialog', 'Open settings dialog']) {
        await page.getByRole('button', { name: dialog }).click();
        await page.getByRole('dialog').waitFor();
        await assertAccessible(page, dialog);
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'detached' });
      }
    }));
});
