/** That what hangs is ended and named. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe } from 'node:test';
import { test, until, within } from './limits.js';
import { binaryPath } from './process.js';

const here = fileURLToPath(new URL('.', import.meta.url));

describe('a wait', () => {
  test('ends with what is wanted', async () => {
    let looks = 0;
    assert.equal(await until('three looks', async () => (looks += 1), 3), 3);
  });

  test('gives up with what it waited for and what was there', async () => {
    await assert.rejects(
      until('the rows', async () => ['Failed'], ['Complete'], 100),
      {
        message: "waited 100 ms for the rows to be [ 'Complete' ]; there was: [ 'Failed' ]",
      },
    );
    const fault = async () => assert.fail('no table');
    await assert.rejects(until('the rows', fault, [], 100), /the rows to be \[\]; there was: no table$/);
    const never = () => new Promise(() => {});
    await assert.rejects(until('the rows', never, [], 100), /there was: reading it: not over after/);
  });

  test('for a promise ends with it, or names what is late', async () => {
    assert.equal(await within(60_000, 'a number', Promise.resolve(7)), 7);
    await assert.rejects(within(50, 'closing', new Promise(() => {})), { message: 'closing: not over after 50 ms' });
  });
});

test('tests that hang are ended as a whole, with the name of the one that ran', async () => {
  const folder = mkdtempSync(join(here, 'hangs-'));
  try {
    const file = join(folder, 'hangs.js');
    // One that keeps the processor to itself, so that no limit within its own process can end it.
    writeFileSync(
      file,
      `import { test } from '../limits.js'; test('ends', () => {}); test('never ends', () => { for (;;); });`,
    );
    const env = { ...process.env, GATEWAY_URL: 'http://127.0.0.1:1', GATEWAY_KEY: 'k', GATEWAY_SMALL_KEY: 's' };
    // Set by the runner that runs this very test, and a sign to node that it is no runner itself.
    delete env.NODE_TEST_CONTEXT;
    const run = spawn(process.execPath, [join(here, 'run.js'), file.slice(here.length)], {
      env: { ...env, TESTS_LIMIT_S: '10' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const output of [run.stdout, run.stderr]) output.setEncoding('utf8').on('data', (text) => (said += text));
    const code = await within(120_000, 'run.js', new Promise((ended) => run.once('exit', ended)));
    assert.equal(code, 1, said);
    assert.match(said, /not over after 10 s and end here\. What ran: never ends/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the gateway is looked for where Cargo puts it', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  assert.equal(binaryPath({}), join(root, 'target/debug/imports-gateway'));
  assert.equal(binaryPath({ CARGO_TARGET_DIR: '/elsewhere' }), '/elsewhere/debug/imports-gateway');
  assert.equal(binaryPath({ CARGO_TARGET_DIR: 'made' }), join(root, 'made/debug/imports-gateway'));
  assert.equal(binaryPath({ CARGO_TARGET_DIR: '/elsewhere', GATEWAY_BIN: '/bin/gateway' }), '/bin/gateway');
});
