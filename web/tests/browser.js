/** A browser for the tests, and pages that notice what no page of ours may do. */
import axe from 'axe-core';
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { KEY, URL_BASE } from './gateway.js';
import { after, before, LIMIT_MS, test, within } from './limits.js';

/**
 * No way out, whatever the next Chromium asks for: no host is found but 127.0.0.1, a literal address neither. A proxy of
 * the environment's is passed over by `NO_PROXY`.
 */
const FLAGS = [
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const NO_PROXY = '--no-proxy-server';

/** What the browser itself says about an answer that a test provokes. */
export const REFUSED = /^(Failed to load resource|WebSocket connection to )/;
/** Viewports: a phone as most are, and as narrow as they come. */
export const PHONE = { viewport: { width: 390, height: 844 } };
export const NARROW = { viewport: { width: 320, height: 700 } };
/** What is read from memory and reaches no host. */
const LOCAL = ['about:', 'blob:', 'data:'];

/** A browser as a process of its own, so that it can be ended by its id where it does not end by itself. */
export async function openBrowser({ proxy = NO_PROXY } = {}) {
  const server = await chromium.launchServer({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    host: '127.0.0.1',
    args: [...FLAGS, proxy],
    timeout: LIMIT_MS.condition,
  });
  const browser = await chromium.connect(server.wsEndpoint(), { timeout: LIMIT_MS.condition });
  return {
    newContext: (settings) => browser.newContext(settings),
    async close() {
      try {
        await within(LIMIT_MS.close, 'closing the browser', server.close());
      } catch (error) {
        await server.kill();
        throw error;
      }
    },
  };
}

/** One browser for all tests of a file: `onPage` runs a test on a fresh page of it, `withPage` a part of one. */
export function openPages() {
  let browser;
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser?.close());
  const visit = (path, options, body) => withPage(browser, path, options, body);
  return { withPage: visit, onPage: (name, path, options, body) => test(name, () => visit(path, options, body)) };
}

/**
 * A page in a profile of its own, already at `path`. `faults` gathers requests to other hosts, console errors and
 * violations of the content security policy; `expected` names console errors that a test provokes.
 *
 * Requests are judged by who makes them: those of pages, frames and workers count, as the browser's protocol tells of
 * them; what the browser asks for by itself belongs to no page.
 */
export async function openPage(browser, path, { expected = /^$/, key = KEY, before, ...options } = {}) {
  const context = await browser.newContext({
    baseURL: URL_BASE,
    viewport: { width: 1280, height: 900 },
    // Without a graphics card, a sign that spins for as long as an import runs keeps a third of a processor busy.
    reducedMotion: 'reduce',
    ...options,
  });
  context.setDefaultTimeout(LIMIT_MS.condition);
  const faults = [];
  const { host } = new URL(path, URL_BASE);
  const judge = (url) => {
    if (!LOCAL.includes(new URL(url).protocol) && new URL(url).host !== host) faults.push(`request to ${url}`);
    if (url.includes(key)) faults.push(`key in ${url}`);
  };
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`);
    });
    // The driver tells nothing of what a shared worker asks for, so that there may be none.
    globalThis.SharedWorker = class {
      constructor(url) {
        console.error(`shared worker: ${url}`);
      }
    };
  });
  context.on('request', (request) => judge(request.url()));
  context.on('page', (page) => page.on('websocket', (socket) => judge(socket.url())));
  context.on('console', (message) => {
    const text = message.text();
    if (['error', 'warning'].includes(message.type()) && !expected.test(text)) faults.push(`console: ${text}`);
  });
  context.on('weberror', (error) => faults.push(`uncaught: ${error.error().message}`));
  const page = await context.newPage();
  await before?.(page);
  await page.goto(path);
  return { page, context, faults };
}

/** Runs a test on a fresh page, closes it, and holds it to its faults and to its time. */
export async function withPage(browser, path, options, body) {
  const { page, context, faults } = await within(LIMIT_MS.page, `opening ${path}`, openPage(browser, path, options));
  try {
    await within(LIMIT_MS.page, 'the test', body(page, context, faults));
  } catch (error) {
    // What a test was stuck at is seldom told by what it waited for.
    error.message += `\n${await describePage(page, faults)}`;
    throw error;
  } finally {
    await within(LIMIT_MS.close, `closing ${path}`, context.close());
  }
  assert.deepEqual(faults, []);
}

async function describePage(page, faults) {
  const shown = await within(5000, 'reading the page', page.locator('body').innerText()).catch(String);
  const text = shown.length > 800 ? `${shown.slice(0, 400)} … ${shown.slice(-400)}` : shown;
  return `The page is at ${page.url()}, has the faults ${JSON.stringify(faults)} and shows:\n${text}`;
}

/** The playground's editor is there when its operation is, and complete when it knows the schema. */
export async function editorReady(page) {
  await page.waitForFunction(() =>
    globalThis.__MONACO?.editor.getModels().some(({ uri }) => uri.path.includes('operation')),
  );
  await page.locator('.graphiql-query-editor .view-line').first().waitFor();
  await page.locator('.graphiql-spinner').waitFor({ state: 'detached' });
}

/** What depends on colours. Nothing else differs between light and dark. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

/**
 * Fails on any fault that axe-core calls serious or critical, in the state the page is in: as wide as it is and as on a
 * phone, in light and in dark colours.
 *
 * Every rule is run once a width, those about colours a second time at the width the page has.
 */
export async function assertAccessible(page, state) {
  // A page that was loaded anew has lost it.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  // What was asked before is faint until the answer comes: no state to stay in, and not to be judged.
  await page.locator('.list-stale').first().waitFor({ state: 'detached' });
  const wide = page.viewportSize();
  const phone = PHONE.viewport;
  const audits = [{ size: wide, colorScheme: 'dark' }];
  if (wide.width > phone.width) audits.push({ size: phone, colorScheme: 'light' });
  audits.push({ size: wide, colorScheme: 'light', runOnly: COLOUR_RULES });
  for (const { size, colorScheme, ...options } of audits) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    await audit(page, options, `${state}, ${colorScheme}, ${size.width} pixels wide`);
  }
}

async function audit(page, options, state) {
  const violations = await page.evaluate(async (options) => {
    await (globalThis.__MONACO ? quiet() : drawn());
    // Styles may be half way through a transition; what counts is where they end.
    for (const animation of document.getAnimations()) {
      if (animation.effect?.getComputedTiming().iterations !== Infinity) animation.finish();
    }
    const { violations } = await globalThis.axe.run(
      { exclude: repeated() },
      { ...options, resultTypes: ['violations'] },
    );
    return violations;

    /** What follows a change of size or theme is drawn. */
    function drawn() {
      return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    }
    /** The editor colours its text anew, bit by bit, after a change of theme: what is measured is a page at rest. */
    function quiet() {
      return new Promise((resolve) => {
        let timer = setTimeout(resolve, 200);
        new MutationObserver(() => {
          clearTimeout(timer);
          timer = setTimeout(resolve, 200);
        }).observe(document, { subtree: true, childList: true, attributes: true });
      });
    }
    /** Rows that are like two before them, element by element and class by class. */
    function repeated() {
      const seen = new Map();
      return [...document.querySelectorAll('.rows > [data-import]')].filter((row) => {
        const parts = [row, ...row.querySelectorAll('*')];
        const shape = parts.map((part) => `${part.tagName} ${part.getAttribute('class')}`).join();
        seen.set(shape, (seen.get(shape) ?? 0) + 1);
        return seen.get(shape) > 2 && !row.contains(document.activeElement);
      });
    }
  }, options);
  const serious = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ target, any }) => `${target} ${any[0]?.message ?? ''}`).join('; ')}`,
    );
  assert.deepEqual(serious, [], state);
}
