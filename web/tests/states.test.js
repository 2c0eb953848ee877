/** Both pages where the service is in trouble: real gateways that refuse, freeze, crash and come back. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe } from 'node:test';
import { assertAccessible, editorReady, openBrowser, REFUSED, withPage } from './browser.js';
import { after, before, test, until } from './limits.js';
import { enterKey, loaded, rows, searchIs, settled, statuses, tab } from './list.js';
import { ownAddress, run, startGateway } from './process.js';

const ROWS = 1000;
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

/** The gateways of the running test. */
const started = [];

async function serve(settings = home, address = null) {
  const gateway = await startGateway(['serve', '--listen', address ?? (await ownAddress())], settings);
  started.push(gateway);
  return gateway;
}

/** Starts another gateway in the place of one that has ended. */
const serveAt = ({ url }, settings = home) => serve(settings, new URL(url).host);

/** Runs a test that starts gateways, and ends them with it. */
function withGateways(name, body) {
  test(name, async () => {
    try {
      await body();
    } finally {
      await Promise.all(started.splice(0).map((gateway) => gateway.stop()));
    }
  });
}

/** Runs a test on a page of a gateway of its own. */
function onGateway(name, { settings = () => home, path = '/', ...options }, body) {
  withGateways(name, async () => {
    const gateway = await serve(settings());
    await withPage(browser, gateway.url + path, { key, expected: REFUSED, ...options }, (page, context) =>
      body(page, gateway, context),
    );
  });
}

const heading = (page, name) => page.getByRole('heading', { name });

/**
 * Asks for another try, unless the page was first to try by itself: it does so every few seconds, and a slow test comes
 * too late to click. A click ends the countdown.
 */
async function tryNow(page, part = 'main') {
  const click = () =>
    page.evaluate(async (selector) => {
      const panel = document.querySelector(`${selector} .error-panel`);
      if (!panel) return 'gone on';
      panel.querySelector('button').click();
      await new Promise(requestAnimationFrame);
      return panel.isConnected ? panel.querySelector('[role="timer"]').textContent : 'gone on';
    }, part);
  await until('another try', click, (text) => text === 'gone on' || text === 'Trying again…');
}

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
    { settings: () => ({ ...home, GATEWAY_RATE_LIMIT: '6' }), before: noteTimers },
    async (page, gateway) => {
      let refused;
      page.on('response', (answer) => {
        if (answer.status() === 429 && isList(answer.request())) refused ??= answer;
      });
      const spending = keepSpent(gateway);
      await spending.began;
      await enterKey(page, key);
      // Between two debts the page may come first and be served; it then asks again.
      const ask = async () => {
        if (await page.locator('[aria-busy="false"]').count())
          await page.getByRole('button', { name: 'Refresh' }).click();
        return refused !== undefined;
      };
      await until('a list that is refused', ask, true);
      const seconds = Number(refused.headers()['retry-after']);
      await spending.stop();
      assert.ok(seconds > 0);
      await heading(page, 'Too many requests').waitFor();
      // What it said first, however late it is read: what it counts down from.
      const [first] = await page.evaluate(() => globalThis.timers);
      assert.equal(first, `Trying again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`);
      await assertAccessible(page, 'rate limited');
      await settled(page);
      const [, second] = await page.evaluate(() => globalThis.timers);
      assert.match(second, seconds === 1 ? /^Trying again…$/ : new RegExp(`^Trying again in ${seconds - 1} second`));
    },
  );

  onGateway(
    'keeps the rows it has where the budget of the next page is spent',
    { settings: () => ({ ...home, GATEWAY_RATE_LIMIT: '16' }) },
    async (page, gateway) => {
      // 121 points of 160 for the first page, the tabs and the chart; the next one takes 110 and leaves a debt.
      await openList(page);
      await loaded(page, 150);
      const spending = keepSpent(gateway);
      await spending.began;
      const scroll = async () => {
        await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
        return heading(page, 'Too many requests').isVisible();
      };
      await until('a next page that is refused', scroll, true);
      await spending.stop();
      const have = Number(await page.locator('.summary strong').textContent());
      await assertAccessible(page, 'next page rate limited');
      assert.ok((await rows(page).count()) > 10);
      await loaded(page, have + 100);
    },
  );

  onGateway('says that the service is not answering where it hangs', {}, async (page, gateway) => {
    await openList(page);
    gateway.freeze();
    await tab(page, /^Complete/).click();
    await heading(page, 'The service is not answering').waitFor();
    await searchIs(page, '?status=complete');
    gateway.thaw();
    await settled(page);
    await until('the statuses of the rows', () => statuses(page), ['Complete']);
  });

  onGateway('goes on where the service crashed and was started again', {}, async (page, gateway) => {
    await openList(page);
    await gateway.crash();
    await page.getByRole('button', { name: 'Refresh' }).click();
    await heading(page, 'The service is not answering').waitFor();
    await assertAccessible(page, 'away');
    await serveAt(gateway);
    await tryNow(page);
    await settled(page);
  });

  onGateway('keeps the rows it has where the next page fails', {}, async (page, gateway) => {
    await openList(page);
    await loaded(page, 150);
    await gateway.crash();
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await heading(page, 'The service is not answering').waitFor();
    assert.ok((await rows(page).count()) > 10);
    await assertAccessible(page, 'next page failed');
    await serveAt(gateway);
    await tryNow(page);
    await loaded(page, 250);
  });

  onGateway('says in the panel that an import could not be loaded, and tries again', {}, async (page, gateway) => {
    await openList(page);
    await loaded(page, 150);
    await gateway.crash();
    await rows(page).first().click();
    const panel = page.getByRole('dialog');
    await panel.getByRole('heading', { name: 'The service is not answering' }).waitFor();
    await assertAccessible(page, 'import failed');
    await serveAt(gateway);
    await tryNow(page, '.detail');
    await panel.getByText('Node id').waitFor();
  });

  onGateway('waits for a database that is away', { settings: () => AWAY }, async (page, gateway) => {
    const answered = page.waitForResponse('**/graphql');
    await enterKey(page, key);
    assert.equal((await answered).status(), 503);
    await heading(page, 'The service is away for the moment').waitFor();
    await assertAccessible(page, 'database away');
    await gateway.stop();
    await serveAt(gateway);
    await settled(page);
  });

  onGateway('asks for another key where one is revoked while it is used', {}, async (page, gateway) => {
    const revoked = await account();
    await run(['seed', '--account', '2', '--rows', '10'], home);
    await enterKey(page, revoked);
    await settled(page);
    const id = (await run(['token', 'list'], home)).trim().split('\n').at(-1).trim().split(/\s+/)[0];
    await run(['token', 'revoke', id], home);
    // The service knows a key for some seconds after it is revoked.
    await until('the answer to a revoked key', () => answerTo(gateway, revoked), 401);
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.getByRole('alert').getByText('This key was not accepted.').waitFor();
    await until('the rows that are left', () => rows(page).count(), 0);
    await assertAccessible(page, 'revoked key');
    await openList(page);
  });

  onGateway('asks for another key where one has expired', {}, async (page, gateway) => {
    const expired = (await run(['token', 'create', '--account', '1', '--expires-in', '1s'], home)).trim();
    await until('the answer to an expired key', () => answerTo(gateway, expired), 401);
    await enterKey(page, expired);
    await page.getByRole('alert').getByText('This key was not accepted.').waitFor();
    await openList(page);
  });

  withGateways('says so where an account has no imports yet, and shows the first one on demand', async () => {
    const settings = database('empty');
    const newcomer = await account(settings);
    const gateway = await serve(settings);
    await withPage(browser, gateway.url, { key: newcomer, expected: REFUSED }, async (page) => {
      await enterKey(page, newcomer);
      await heading(page, 'This account has no imports yet').waitFor();
      await assertAccessible(page, 'no imports');
      await run(['seed', '--account', '1', '--rows', '1'], settings);
      await page.getByRole('button', { name: 'Refresh' }).click();
      await loaded(page, 1);
      await until('the rows', () => rows(page).count(), 1);
      await page.getByText('That is all of them.').waitFor();
      await assertAccessible(page, 'one import');
    });
  });

  withGateways('shows imports of any year, name and type, each in a row of its own', async () => {
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
    await withPage(browser, gateway.url, { key: owner, expected: REFUSED }, async (page) => {
      await enterKey(page, owner);
      await loaded(page, 3);
      await page.getByText('3 imports per century and status').waitFor();
      await assertAccessible(page, 'odd imports');
      await page.getByRole('link', { name: 'No file name' }).waitFor();
      const parts = () =>
        rows(page).evaluateAll((all) =>
          all.map((row) => {
            const { bottom } = row.getBoundingClientRect();
            return [...row.querySelectorAll('*')].every((part) => part.getBoundingClientRect().bottom <= bottom);
          }),
        );
      await until('each row keeps what is in it', parts, [true, true, true]);
    });
  });

  /** Keeps the account in debt, of most of a page each time, until it is stopped. */
  function keepSpent(gateway) {
    let isOver = false;
    const spend = async () => {
      while (!isOver && (await answerTo(gateway, key)) === 200);
    };
    const began = spend();
    const rest = began.then(async () => {
      while (!isOver) {
        await spend();
        await wait(20);
      }
    });
    rest.catch(() => {});
    return {
      /** The first debt is there. */
      began,
      stop() {
        isOver = true;
        return rest;
      },
    };
  }

  /** The status of the answer to a page of a hundred imports. */
  async function answerTo({ url }, bearer) {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${bearer}` },
      body: JSON.stringify({ query: '{ imports(first: 100) { estimatedRemainingCount } }' }),
    });
    await response.text();
    return response.status;
  }

  /** Notes each text of a timer as it is shown, in `timers`. */
  function noteTimers(page) {
    return page.addInitScript(() => {
      globalThis.timers = [];
      new MutationObserver(() => {
        const text = document.querySelector('[role="timer"]')?.textContent;
        if (text && text !== globalThis.timers.at(-1)) globalThis.timers.push(text);
      }).observe(document, { subtree: true, childList: true, characterData: true });
    });
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
