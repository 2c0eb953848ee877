/**
 * `npm test`: starts one gateway with generated imports, runs every test against it, stops it.
 *
 * `GATEWAY_BIN` is the binary (default: the debug build in Cargo's target directory), `CHROMIUM` the browser,
 * `TESTS_LIMIT_S` the time after which all of it ends by force and names the test that ran (default: an hour).
 * With `GATEWAY_URL`, `GATEWAY_KEY` and `GATEWAY_SMALL_KEY` set, the tests run against that gateway instead, which must
 * be a `demo`.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startGateway } from './process.js';

const ROWS = 10_000;
/** Unit: seconds; all tests together need about six minutes on two free cores, and far longer on busy ones. */
const LIMIT_S = Number(process.env.TESTS_LIMIT_S ?? 3600);
/** Files side by side, each with a browser of its own: of one alone, the page, the browser and the gateway take turns. */
const AT_ONCE = Math.min(2, availableParallelism());
/** Unit: milliseconds for the tests to end what they have started, before they are killed. */
const GRACE_MS = 5000;
const keysIn = (text) => [...new Set(text.match(/\bigw_[\w-]+/g))];

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const gateway = process.env.GATEWAY_URL ? null : await startDemo();
process.exitCode = await runTests(gateway ? addressOf(gateway) : {});
await gateway?.stop();
// Nothing that is left may keep this process alive.
process.exit();

function startDemo() {
  return startGateway(
    ['demo', '--no-live', '--rows', String(ROWS), '--listen', '127.0.0.1:0'],
    // The tests walk every import many times over; what they cost is no business of theirs.
    { GATEWAY_RATE_LIMIT: 'off' },
    (said) => keysIn(said).length >= 2,
  );
}

function addressOf({ url, said }) {
  const [first, second] = keysIn(said);
  return { GATEWAY_URL: url, GATEWAY_KEY: first, GATEWAY_SMALL_KEY: second };
}

async function runTests(address) {
  const named = process.argv.slice(2);
  const files = named.length ? named : readdirSync(here('.')).filter((file) => file.endsWith('.test.js'));
  const folder = mkdtempSync(join(tmpdir(), 'imports-gateway-tests-'));
  const running = join(folder, 'running');
  mkdirSync(running);
  const child = spawn(
    process.execPath,
    [
      '--test',
      `--test-concurrency=${AT_ONCE}`,
      // A browser or a gateway that is left behind by a test that failed keeps no process alive.
      '--test-force-exit',
      '--test-reporter=spec',
      ...files.map((file) => here(file.replace(/^tests\//, './'))),
    ],
    {
      // React's development build doubles the time of a walk and tests nothing more.
      env: {
        NODE_ENV: 'production',
        GATEWAY_ROWS: String(ROWS),
        ...process.env,
        ...address,
        GATEWAY_TESTS_RUNNING: running,
      },
      stdio: ['ignore', 'inherit', 'inherit'],
      // A process group of its own, so that what the tests have started ends with them.
      detached: true,
    },
  );
  const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => end(child, ended));
  const over = new AbortController();
  const late = wait(LIMIT_S * 1000, true, { signal: over.signal }).catch(() => false);
  if (await Promise.race([late, ended.then(() => false)])) {
    console.error(
      `The tests are not over after ${LIMIT_S} s and end here. What ran: ${readAll(running) || 'nothing yet'}`,
    );
    await end(child, ended);
  }
  over.abort();
  const code = await ended;
  rmSync(folder, { recursive: true, force: true });
  return code;
}

/** Ends the group of processes that `child` leads: in order, then by force. */
async function end(child, ended) {
  const signal = (name) => {
    try {
      process.kill(-child.pid, name);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  };
  signal('SIGTERM');
  await Promise.race([ended, wait(GRACE_MS, null, { ref: false })]);
  signal('SIGKILL');
}

/** What the files in a folder say, one after the other. */
function readAll(folder) {
  const files = readdirSync(folder).map((file) => join(folder, file));
  return files.map((file) => readFileSync(file, 'utf8')).join(', ');
}
