/**
 * `npm test`: starts one gateway with generated imports, runs every test against it, stops it.
 *
 * `GATEWAY_BIN` is the binary (default: the workspace's debug build), `CHROMIUM` the browser. With `GATEWAY_URL`,
 * `GATEWAY_KEY` and `GATEWAY_SMALL_KEY` set, the tests run against that gateway instead, which must be a `demo`.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROWS = 10_000;
/** Unit: milliseconds until a gateway that says nothing counts as broken. */
const PATIENCE = 60_000;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const gateway = process.env.GATEWAY_URL ? null : await startGateway();
process.exitCode = await runTests(gateway?.address ?? {});
await gateway?.stop();

async function startGateway() {
  const binary = process.env.GATEWAY_BIN ?? here('../../target/debug/imports-gateway');
  // The tests walk every import many times over; what they cost is no business of theirs.
  const env = { ...process.env, GATEWAY_RATE_LIMIT: 'off' };
  const child = spawn(binary, ['demo', '--rows', String(ROWS), '--listen', '127.0.0.1:0'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const address = await Promise.race([
    readAddress(child.stdout),
    ended.then((code) => Promise.reject(new Error(`${binary} ended with ${code} before it listened`))),
    new Promise((_, reject) => setTimeout(reject, PATIENCE, new Error(`${binary} did not listen`)).unref()),
  ]);
  child.stdout.resume();
  return {
    address,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function readAddress(output) {
  let url = null;
  const keys = new Set();
  for await (const line of createInterface({ input: output })) {
    url ??= /listening on (http:\/\/\S+)/.exec(line)?.[1];
    for (const [key] of line.matchAll(/\bigw_[\w-]+/g)) keys.add(key);
    const [first, second] = keys;
    if (url && second) return { GATEWAY_URL: url, GATEWAY_KEY: first, GATEWAY_SMALL_KEY: second };
  }
  throw new Error('the gateway closed its output before it named an address and two keys');
}

function runTests(address) {
  const named = process.argv.slice(2);
  const files = named.length ? named : readdirSync(here('.')).filter((file) => file.endsWith('.test.js'));
  const child = spawn(
    process.execPath,
    [
      '--test',
      '--test-concurrency=1',
      '--test-reporter=spec',
      ...files.map((file) => here(file.replace(/^tests\//, './'))),
    ],
    // React's development build doubles the time of a walk and tests nothing more.
    { env: { NODE_ENV: 'production', GATEWAY_ROWS: String(ROWS), ...process.env, ...address }, stdio: 'inherit' },
  );
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}
