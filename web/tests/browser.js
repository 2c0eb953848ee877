/** A browser for the tests, and pages that notice what no page of ours may do. */
import axe from 'axe-core';
import assert from 'node:assert/strict';
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

export function openBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
}

/**
 * A page in a profile of its own, already at `path`. `faults` gathers requests to other hosts, console errors and
 * violations of the content security policy; `expected` names console errors that a test provokes.
 */
export async function openPage(browser, path, { expected = /^$/, before, ...options } = {}) {
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
    if (request.url().includes(KEY)) faults.push(`key in ${request.url()}`);
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

/** Fails on any fault that axe-core calls serious or critical, in the state the page is in. */
export async function assertAccessible(page, state, exclude = []) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(
    // Styles may be half way through a transition; what is measured is where they end.
    async (excluded) => {
      document.getAnimations().forEach((animation) => animation.playState === 'running' && tryFinish(animation));
      function tryFinish(animation) {
        if (animation.effect?.getComputedTiming().iterations !== Infinity) animation.finish();
      }
      return globalThis.axe.run({ exclude: excluded }, { resultTypes: ['violations'] });
    },
    exclude,
  );
  const serious = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ target, any }) => `${target} ${any[0]?.message ?? ''}`).join('; ')}`,
    );
  assert.deepEqual(serious, [], state);
}
