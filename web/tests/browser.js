/** A browser for the tests, and pages that notice what no page of ours may do. */
import axe from 'axe-core';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { KEY, URL_BASE } from './gateway.js';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** What the browser itself says about an answer that a test provokes. */
export const REFUSED = /^Failed to load resource/;
/** Unit: milliseconds. The browser driver limits what it waits for itself, but not a script that runs in a page. */
const PATIENCE = 180_000;
const PHONE = { width: 390, height: 844 };
/** What Chromium asks its maker for by itself, whatever page is open: hosts that serve pages' assets are none of them. */
const OWN_ERRANDS = /^(?:CONNECT |[A-Z]+ http:\/\/)(?!(?:fonts|ajax)\.)[\w.-]+\.(?:google|googleapis|gvt1)\.com[:/]/;

/**
 * A browser whose every connection to a host other than 127.0.0.1 ends at a proxy of ours, a worker's or a style sheet's
 * like a page's. Closing it fails where there was one.
 */
export async function openBrowser() {
  const outside = [];
  const proxy = createServer((socket) => {
    socket.once('data', (request) => {
      const [line] = request.toString('latin1').split('\r\n');
      if (!OWN_ERRANDS.test(line)) outside.push(line);
      socket.destroy();
    });
    socket.on('error', () => {});
    socket.unref();
  }).listen(0, '127.0.0.1');
  proxy.unref();
  await once(proxy, 'listening');
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [...FLAGS, `--proxy-server=http://127.0.0.1:${proxy.address().port}`],
  });
  return {
    newContext: (options) => browser.newContext(options),
    async close() {
      await browser.close();
      assert.deepEqual(outside, [], 'requests to other hosts');
    },
  };
}

/**
 * A page in a profile of its own, already at `path`. `faults` gathers requests to other hosts, console errors and
 * violations of the content security policy; `expected` names console errors that a test provokes.
 */
export async function openPage(browser, path, { expected = /^$/, key = KEY, before, ...options } = {}) {
  const context = await browser.newContext({ baseURL: URL_BASE, viewport: { width: 1280, height: 900 }, ...options });
  const faults = [];
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  context.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol.startsWith('http') && hostname !== '127.0.0.1') faults.push(`request to ${request.url()}`);
    if (request.url().includes(key)) faults.push(`key in ${request.url()}`);
  });
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

/** The playground's editor is there when its operation is, and complete when it knows the schema. */
export async function editorReady(page) {
  await page.waitForFunction(() =>
    globalThis.__MONACO?.editor.getModels().some(({ uri }) => uri.path.includes('operation')),
  );
  await page.locator('.graphiql-query-editor .view-line').first().waitFor();
  await page.locator('.graphiql-spinner').waitFor({ state: 'detached' });
}

/** Runs a test on a fresh page, closes it, and holds it to its faults and to its time. */
export async function withPage(browser, path, options, body) {
  const { page, context, faults } = await openPage(browser, path, options);
  const over = new AbortController();
  try {
    await Promise.race([body(page, context), stuck(page, over.signal)]);
    assert.deepEqual(faults, []);
  } finally {
    over.abort();
    await context.close();
  }
}

/** Fails once a test has had its time, and tells what the page shows; never settles where the test is over before. */
async function stuck(page, signal) {
  const late = await wait(PATIENCE, true, { signal }).catch(() => false);
  if (!late) return new Promise(() => {});
  const shown = await page.locator('body').innerText({ timeout: 5000 }).catch(String);
  throw new Error(
    `not over after ${PATIENCE} ms at ${page.url()}, which shows: ${shown.slice(0, 300)} … ${shown.slice(-300)}`,
  );
}

/**
 * Fails on any fault that axe-core calls serious or critical, in the state the page is in: as wide as it is and as on a
 * phone, in light and in dark colours.
 */
export async function assertAccessible(page, state) {
  await page.evaluate(axe.source);
  const wide = page.viewportSize();
  for (const size of wide.width > PHONE.width ? [wide, PHONE] : [wide]) {
    await page.setViewportSize(size);
    for (const colorScheme of ['dark', 'light']) {
      await page.emulateMedia({ colorScheme });
      await audit(page, `${state}, ${colorScheme}, ${size.width} pixels wide`);
    }
  }
  await page.setViewportSize(wide);
}

async function audit(page, state) {
  const { violations } = await page.evaluate(async () => {
    // The editor colours its text anew, bit by bit, after a change of theme: what is measured is a page at rest.
    await new Promise((resolve) => {
      let timer = setTimeout(resolve, 200);
      new MutationObserver(() => {
        clearTimeout(timer);
        timer = setTimeout(resolve, 200);
      }).observe(document, { subtree: true, childList: true, attributes: true });
    });
    // Styles may be half way through a transition; what counts is where they end.
    for (const animation of document.getAnimations()) {
      if (animation.effect?.getComputedTiming().iterations !== Infinity) animation.finish();
    }
    return globalThis.axe.run({ resultTypes: ['violations'] });
  });
  const serious = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ target, any }) => `${target} ${any[0]?.message ?? ''}`).join('; ')}`,
    );
  assert.deepEqual(serious, [], state);
}
