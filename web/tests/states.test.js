/** Both pages where the service is in trouble: real gateways that refuse, freeze, crash and come back. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { assertAccessible, editorReady, openBrowser, REFUSED, withPage } from './browser.js';
import { enterKey, loaded, rows, search, settled, tab } from './list.js';
import { run, startGateway } from './process.js';

const ROWS = 1000;
const ANY_PORT = '127.0.0.1:0';
/** No database listens on port 1. */
const AWAY = { DATABASE_URL: 'postgres://gateway@127.0.0.1:1/imports', RUST_LOG: 'off' };

let browser;
let folder;
/** The settings of a database with one account of `ROWS` imports, and its key. */
let home;
let key;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imports-gateway-web-'));
  home = database('home');
  key = await account();
  await run(['seed', '--account', '1', '--rows', String(ROWS)], home);
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

function database(name) {
  return { DATABASE_URL: `sqlite://${join(folder, name)}.db?mode=rwc`, RUST_LOG: 'off' };
}

/** Makes an account in `settings` and gives a key of it. */
async function account(settings = home) {
  const [, id] = /^id: (\d+)/.exec(await run(['account', 'create', '--name', 'Acme'], settings));
  return (await run(['token', 'create', '--account', id], settings)).trim();
}

const serve = (settings = home, listen = ANY_PORT) => startGateway(['serve', '--listen', listen], settings);
/** Starts another gateway in the place of one that has ended. */
const serveAt = ({ url }, settings = home) => serve(settings, new URL(url).host);

/** Runs a test against a gateway of its own; `body` gives the gateway that is there in the end. */
function onGateway(name, { settings = () => home, path = '/', ...options }, body) {
  test(name, async () => {
    let gateway = await serve(settings());
    try {
      await withPage(browser, gateway.url + path, { key, expected: REFUSED, ...options }, async (page, context) => {
        gateway = (await body(page, gateway, context)) ?? gateway;
      });
    } finally {
      await gateway.stop();
    }
  });
}

const heading = (page, name) => page.getByRole('heading', { name });
const tryNow = (page) => page.getByRole('button', { name: 'Try now' }).click();

async function openList(page) {
  await enterKey(page, key);
  await settled(page);
}

describe('the dashboard', () => {
  onGateway('shows where rows will be until they are there', {}, async (page, gateway) => {
    await assertAccessible(page, 'gate');
    gateway.freeze();
    await enterKey(page, key);
    await page.getByText('Loading imports…').waitFor();
    await assertAccessible(page, 'loading');
    gateway.thaw();
    await settled(page);
  });

  onGateway(
    'counts down where the budget is spent, as long as it was told to, then goes on by itself',
    { settings: () => ({ ...home, GATEWAY_RATE_LIMIT: '6' }) },
    async (page, gateway) => {
      await spend(gateway);
      const refused = page.waitForResponse((answer) => answer.status() === 429 && isList(answer.request()));
      await enterKey(page, key);
      const seconds = Number((await refused).headers()['retry-after']);
      assert.ok(seconds > 0);
      await heading(page, 'Too many requests').waitFor();
      const timer = page.getByRole('timer');
      const left = Number(/in (\d+) second/.exec(await timer.textContent())[1]);
      assert.ok(left <= seconds && left >= seconds - 1, `${left} of ${seconds} seconds`);
      await assertAccessible(page, 'rate limited');
      await timer.waitFor();
      await settled(page);
    },
  );

  onGateway(
    'keeps the rows it has where the budget of the next page is spent',
    { settings: () => ({ ...home, GATEWAY_RATE_LIMIT: '12' }) },
    async (page) => {
      // 81 points of 120 for the first page and the tabs; the next one takes 110 and leaves a debt.
      await openList(page);
      await loaded(page, 150);
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
      await heading(page, 'Too many requests').waitFor();
      await assertAccessible(page, 'next page rate limited');
      assert.ok((await rows(page).count()) > 10);
      await loaded(page, 250);
    },
  );

  onGateway('says that the service is not answering where it hangs', {}, async (page, gateway) => {
    await openList(page);
    gateway.freeze();
    await tab(page, /^Complete/).click();
    await heading(page, 'The service is not answering').waitFor();
    assert.equal(search(page), '?status=complete');
    gateway.thaw();
    await settled(page);
    assert.deepEqual([...new Set(await page.locator('.rows .status').allInnerTexts())], ['Complete']);
  });

  onGateway('goes on where the service crashed and was started again', {}, async (page, gateway) => {
    await openList(page);
    await gateway.crash();
    await page.getByRole('button', { name: 'Refresh' }).click();
    await heading(page, 'The service is not answering').waitFor();
    await assertAccessible(page, 'away');
    const next = await serveAt(gateway);
    await tryNow(page);
    await settled(page);
    return next;
  });

  onGateway('keeps the rows it has where the next page fails', {}, async (page, gateway) => {
    await openList(page);
    await loaded(page, 150);
    await gateway.crash();
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await heading(page, 'The service is not answering').waitFor();
    assert.ok((await rows(page).count()) > 10);
    await assertAccessible(page, 'next page failed');
    const next = await serveAt(gateway);
    await tryNow(page);
    await loaded(page, 250);
    return next;
  });

  onGateway('says in the panel that an import could not be loaded, and tries again', {}, async (page, gateway) => {
    await openList(page);
    await loaded(page, 150);
    await gateway.crash();
    await rows(page).first().click();
    const panel = page.getByRole('dialog');
    await panel.getByRole('heading', { name: 'The service is not answering' }).waitFor();
    await assertAccessible(page, 'import failed');
    const next = await serveAt(gateway);
    await panel.getByRole('button', { name: 'Try now' }).click();
    await panel.getByText('Node id').waitFor();
    return next;
  });

  onGateway('waits for a database that is away', { settings: () => AWAY }, async (page, gateway) => {
    const answered = page.waitForResponse('**/graphql');
    await enterKey(page, key);
    assert.equal((await answered).status(), 503);
    await heading(page, 'The service is away for the moment').waitFor();
    await assertAccessible(page, 'database away');
    await gateway.stop();
    const next = await serveAt(gateway);
    await settled(page);
    return next;
  });

  onGateway('asks for another key where one is revoked while it is used', {}, async (page) => {
    const revoked = await account();
    await run(['seed', '--account', '2', '--rows', '10'], home);
    await enterKey(page, revoked);
    await settled(page);
    const id = (await run(['token', 'list'], home)).trim().split('\n').at(-1).trim().split(/\s+/)[0];
    await run(['token', 'revoke', id], home);
    const problem = page.getByRole('alert').getByText('This key was not accepted.');
    // Refused everywhere within five seconds.
    for (const end = Date.now() + 10_000; Date.now() < end && !(await problem.isVisible());) {
      await page
        .getByRole('button', { name: 'Refresh' })
        .click({ timeout: 1000 })
        .catch(() => {});
      await page.waitForTimeout(250);
    }
    await problem.waitFor();
    assert.equal(await rows(page).count(), 0);
    await assertAccessible(page, 'revoked key');
    await openList(page);
  });

  onGateway('asks for another key where one has expired', {}, async (page) => {
    const expired = await run(['token', 'create', '--account', '1', '--expires-in', '1s'], home);
    await page.waitForTimeout(1100);
    await enterKey(page, expired.trim());
    await page.getByRole('alert').getByText('This key was not accepted.').waitFor();
    await openList(page);
  });

  test('says so where an account has no imports yet, and shows the first one on demand', async () => {
    const settings = database('empty');
    const newcomer = await account(settings);
    const gateway = await serve(settings);
    try {
      await withPage(browser, gateway.url, { key: newcomer, expected: REFUSED }, async (page) => {
        await enterKey(page, newcomer);
        await heading(page, 'This account has no imports yet').waitFor();
        await assertAccessible(page, 'no imports');
        await run(['seed', '--account', '1', '--rows', '1'], settings);
        await page.getByRole('button', { name: 'Refresh' }).click();
        await loaded(page, 1);
        assert.equal(await rows(page).count(), 1);
        await page.getByText('That is all of them.').waitFor();
        await assertAccessible(page, 'one import');
      });
    } finally {
      await gateway.stop();
    }
  });

  test('shows imports of any year, name and type, each in a row of its own', async () => {
    const settings = database('odd');
    const owner = await account(settings);
    const record = (id, created_at, file_name, type, note) => ({
      id,
      completed_at: null,
      file_name,
      file_size: '1',
      note,
      type,
      status: 'complete',
      created_at,
      updated_at: created_at,
    });
    const records = [
      record(1, '0001-01-01T00:00:00Z', '', 'X', null),
      record(2, '2026-05-01T10:00:00Z', '<img src=x onerror=alert(1)>', `<b>${'type '.repeat(40)}</b>`, '\u202eevil'),
      record('9223372036854775807', '9999-12-31T23:59:59.999999Z', 'a'.repeat(300), '', 'b'.repeat(2000)),
    ];
    const file = join(folder, 'odd.ndjson');
    await writeFile(file, records.map((one) => JSON.stringify(one)).join('\n'));
    await run(['load', '--account', '1', file], settings);
    const gateway = await serve(settings);
    try {
      await withPage(browser, gateway.url, { key: owner, expected: REFUSED }, async (page) => {
        await enterKey(page, owner);
        await loaded(page, 3);
        await page.getByText('Loaded imports per century and status').waitFor();
        await assertAccessible(page, 'odd imports');
        await page.getByRole('link', { name: 'No file name' }).waitFor();
        const parts = await page.locator('.rows [data-import]').evaluateAll((all) =>
          all.map((row) => {
            const { bottom } = row.getBoundingClientRect();
            return [...row.querySelectorAll('*')].every((part) => part.getBoundingClientRect().bottom <= bottom);
          }),
        );
        assert.deepEqual(parts, [true, true, true], 'each row keeps what is in it');
      });
    } finally {
      await gateway.stop();
    }
  });

  /** Takes all of the account's budget and leaves a debt of most of a page. */
  async function spend({ url }) {
    let status;
    do {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` },
        body: JSON.stringify({ query: '{ imports(first: 100) { estimatedRemainingCount } }' }),
      });
      ({ status } = response);
    } while (status === 200);
    assert.equal(status, 429);
  }

  const isList = (request) => request.postData()?.includes('ImportsPageQuery');
});

describe('the playground', () => {
  onGateway('asks for a key, and says what is wrong with the service', { path: '/graphiql' }, async (page, gateway) => {
    await editorReady(page);
    await assertAccessible(page, 'playground without a key');
    await enterKey(page, 'igw_wrong');
    await page.getByRole('alert').getByText('This key was not accepted.').waitFor();
    await assertAccessible(page, 'playground, refused key');
    await enterKey(page, key);
    await page.getByText('API key set for this tab').waitFor();
    await gateway.crash();
    await page.getByRole('button', { name: /Execute query/ }).click();
    await page.locator('.graphiql-response').getByText('The service did not answer.').waitFor();
    await assertAccessible(page, 'playground, service away');
  });
});
