/**
 * `npm test`: starts one gateway with generated imports, runs every test against it, stops it.
 *
 * `GATEWAY_BIN` is the binary (default: the workspace's debug build), `CHROMIUM` the browser. With `GATEWAY_URL`,
 * `GATEWAY_KEY` and `GATEWAY_SMALL_KEY` set, the tests run against that gateway instead, which must be a `demo`.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startGateway } from './process.js';

const ROWS = 10_000;
/** Unit: milliseconds for one file of tests, the slowest of which needs about three minutes on two busy cores. */
const PATIENCE = 900_000;
const keysIn = (text) => [...new Set(text.match(/\bigw_[\w-]+/g))];

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const gateway = process.env.GATEWAY_URL ? null : await startDemo();
process.exitCode = await runTests(gateway ? addressOf(gateway) : {});
await gateway?.stop();

function startDemo() {
  return startGateway(
    ['demo', '--rows', String(ROWS), '--listen', '127.0.0.1:0'],
    // The tests walk every import many times over; what they cost is no business of theirs.
    { GATEWAY_RATE_LIMIT: 'off' },
    (said) => keysIn(said).length >= 2,
  );
}

function addressOf({ url, said }) {
  const [first, second] = keysIn(said);
  return { GATEWAY_URL: url, GATEWAY_KEY: first, GATEWAY_SMALL_KEY: second };
}

function runTests(address) {
  const named = process.argv.slice(2);
  const files = named.length ? named : readdirSync(here('.')).filter((file) => file.endsWith('.test.js'));
  const child = spawn(
    process.execPath,
    [
      '--test',
      '--test-concurrency=1',
      `--test-timeout=${PATIENCE}`,
      '--test-reporter=spec',
      ...files.map((file) => here(file.replace(/^tests\//, './'))),
    ],
    // React's development build doubles the time of a walk and tests nothing more.
    { env: { NODE_ENV: 'production', GATEWAY_ROWS: String(ROWS), ...process.env, ...address }, stdio: 'inherit' },
  );
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}
