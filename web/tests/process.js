/** Gateways as processes: one for all tests, and those that a test freezes, ends and starts again. */
import { execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const BINARY = process.env.GATEWAY_BIN ?? fileURLToPath(new URL('../../target/debug/imports-gateway', import.meta.url));
/** Unit: milliseconds until a gateway that says nothing counts as broken. */
const PATIENCE = 60_000;
const LISTENING = /listening on (http:\/\/\S+)/;

/**
 * Starts `imports-gateway ARGS` and waits until it listens. `complete` says whether it has printed all that is needed.
 *
 * Shape: the URL it listens on, and all that it had printed by then.
 */
export async function startGateway(args, env = {}, complete = () => true) {
  const child = spawn(BINARY, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const said = await Promise.race([
    listen(child.stdout, complete),
    ended.then((code) => Promise.reject(new Error(`${BINARY} ended with ${code} before it listened`))),
    new Promise((_, reject) => setTimeout(reject, PATIENCE, new Error(`${BINARY} did not listen`)).unref()),
  ]);
  return {
    url: LISTENING.exec(said)[1],
    said,
    /** Stops its clock: connections are still accepted, and nothing answers. */
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    async stop() {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      await ended;
    },
    /** Ends it as a crash would, open connections and all. */
    async crash() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Runs a command to its end and gives what it printed. */
export async function run(args, env = {}) {
  const { stdout } = await promisify(execFile)(BINARY, args, { env: { ...process.env, ...env } });
  return stdout;
}

function listen(output, complete) {
  return new Promise((resolve, reject) => {
    let said = '';
    output.setEncoding('utf8');
    output.on('data', (text) => {
      said += text;
      if (LISTENING.test(said) && complete(said)) resolve(said);
    });
    output.once('end', () => reject(new Error('the gateway closed its output before it listened')));
  });
}
