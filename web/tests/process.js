/** Gateways as processes: one for all tests, and those that a test freezes, ends and starts again. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { within } from './limits.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Unit: milliseconds until a gateway or a command that says nothing counts as broken. */
const PATIENCE = 120_000;
const LISTENING = /listening on (http:\/\/\S+)/;
/** Below the ports that systems give to whoever asks for any, so that one that was ended can have its port again. */
const FIRST_PORT = 20_000;
const PORTS = 12_000;

const running = new Set();
// Whatever ends the tests, no gateway outlives them; one that is frozen ends too.
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** The gateway's binary: the one that is named, else the debug build in Cargo's target directory. */
export function binaryPath({ GATEWAY_BIN, CARGO_TARGET_DIR }) {
  return GATEWAY_BIN || resolve(ROOT, CARGO_TARGET_DIR || 'target', 'debug/imports-gateway');
}

const BINARY = binaryPath(process.env);

/**
 * Starts `imports-gateway ARGS` and waits until it listens. `complete` says whether it has printed all that is needed.
 *
 * Shape: the URL it listens on, and all that it had printed by then.
 */
export async function startGateway(args, env = {}, complete = () => true) {
  const child = spawn(BINARY, args, {
    // No balancer has to notice that it stops.
    env: { ...process.env, GATEWAY_SHUTDOWN_DELAY_MS: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  const ended = new Promise((resolve) => child.once('exit', resolve)).finally(() => running.delete(child));
  const failed = new Promise((_, reject) => child.once('error', reject));
  failed.catch(() => running.delete(child));
  const end = async (signal) => {
    child.kill('SIGCONT');
    child.kill(signal);
    await within(PATIENCE, `${BINARY} ${args.join(' ')} after ${signal}`, ended).catch((error) => {
      child.kill('SIGKILL');
      throw error;
    });
  };
  try {
    const early = ended.then((code) => Promise.reject(new Error(`${BINARY} ended with ${code} before it listened`)));
    const listening = Promise.race([listen(child.stdout, complete), early, failed]);
    const said = await within(PATIENCE, `${BINARY} ${args.join(' ')} until it listens`, listening);
    return {
      url: LISTENING.exec(said)[1],
      said,
      /** Stops its clock: connections are still accepted, and nothing answers. */
      freeze: () => child.kill('SIGSTOP'),
      thaw: () => child.kill('SIGCONT'),
      stop: () => end('SIGTERM'),
      /** Ends it as a crash would, open connections and all. */
      crash: () => end('SIGKILL'),
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** An address that a gateway can have, and have again after its end. */
export async function ownAddress() {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    const server = createServer();
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening');
    } catch (error) {
      if (error.code !== 'EADDRINUSE') throw error;
      continue;
    }
    await new Promise((closed) => server.close(closed));
    return `127.0.0.1:${port}`;
  }
}

/** Runs a command to its end and gives what it printed. */
export async function run(args, env = {}) {
  const options = { env: { ...process.env, ...env }, timeout: PATIENCE, killSignal: 'SIGKILL' };
  const { stdout } = await promisify(execFile)(BINARY, args, options);
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
