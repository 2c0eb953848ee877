// Runs the client of graphql-ws, on two implementations of WebSocket, against the gateway itself: a subscription that is
// cut and goes on, the end of its key, a restart of the service, and what is refused.
//
// Usage: node gateway.mjs PROGRAM, where PROGRAM is `imports-gateway`. Prints each check that fails, then
// `graphql-ws: 12 of 12`; exits with 1 unless all pass.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect as tcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createClient } from 'graphql-ws';
import * as undici from 'undici';
import ws from 'ws';

const [program] = process.argv.slice(2);
if (!program) {
  console.error('usage: node gateway.mjs PROGRAM');
  process.exit(2);
}
const PATIENCE = 60_000;
const implementations = { ws, undici: undici.WebSocket };
const folder = mkdtempSync(join(tmpdir(), 'graphql-ws-'));

/** What a promise gives, which must come. */
async function inTime(what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${PATIENCE} ms`)), PATIENCE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A gateway over a database of its own, with one account, behind a proxy that can cut what goes through it. */
class Gateway {
  static count = 0;

  static async start() {
    const gateway = new Gateway();
    const path = join(folder, `${(Gateway.count += 1)}.db`);
    gateway.env = { PATH: process.env.PATH, DATABASE_URL: `sqlite://${path}?mode=rwc`, GATEWAY_SHUTDOWN_DELAY_MS: '0' };
    gateway.command('migrate', 'up');
    gateway.account = gateway.command('account', 'create', '--name', 'Acme').match(/\d+/)[0];
    gateway.key = gateway.newKey('first');
    await gateway.serve();
    gateway.through = new Set();
    gateway.proxy = createServer((near) => {
      const far = tcp(Number(gateway.address.split(':')[1]), '127.0.0.1');
      gateway.through.add(near);
      near.on('close', () => gateway.through.delete(near));
      for (const [one, other] of [
        [near, far],
        [far, near],
      ]) {
        one.on('error', () => other.destroy());
        one.pipe(other);
      }
    });
    await new Promise((resolve) => gateway.proxy.listen(0, '127.0.0.1', resolve));
    gateway.url = `ws://127.0.0.1:${gateway.proxy.address().port}/graphql`;
    return gateway;
  }

  command(...words) {
    return execFileSync(program, words, { env: this.env, encoding: 'utf8' });
  }

  newKey(name) {
    return this.command('token', 'create', '--account', this.account, '--name', name).trim();
  }

  async serve() {
    const words = ['serve', '--listen', '127.0.0.1:0', '--change-interval-ms', '20'];
    this.process = spawn(program, words, { env: this.env, stdio: ['ignore', 'pipe', 'ignore'] });
    const lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
    const { value } = await inTime('the address of the gateway', lines.next());
    this.address = value.replace('listening on http://', '');
  }

  /** Ends it as an orchestrator does, and starts it again over the same database. */
  async restart() {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGTERM');
    assert.equal(await inTime('the end of the gateway', ended), 0);
    await this.serve();
  }

  /** Cuts every connection without a word. */
  cut() {
    for (const socket of this.through) socket.resetAndDestroy();
  }

  /** Stores an import, as an application would. */
  load(id, status = 'failed') {
    const at = '2026-09-21T14:13:20Z';
    const record = { id, file_name: `${id}.csv`, file_size: '7', note: null, type: 'VehicleImport', status };
    const file = join(folder, 'record.json');
    writeFileSync(file, JSON.stringify([{ ...record, created_at: at, updated_at: at, completed_at: at }]));
    this.command('load', '--account', this.account, file);
  }

  /** The point from which on its list is followed. */
  async now() {
    const response = await fetch(`http://${this.address}/graphql`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${this.key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ query: '{ imports(first: 0) { changesCursor } }' }),
    });
    return (await response.json()).data.imports.changesCursor;
  }

  stop() {
    this.process.kill('SIGKILL');
    this.proxy.close();
    this.cut();
  }
}

const FOLLOW = 'subscription ($after: String) { importChanges(after: $after) { cursor kind databaseId } }';

/** A client that notes the codes that its connections were closed with, and how often it was let in. */
function connect(gateway, webSocketImpl, key) {
  const seen = { connected: 0, codes: [] };
  const client = createClient({
    url: gateway.url,
    webSocketImpl,
    connectionParams: () => ({ Authorization: `Bearer ${key()}` }),
    shouldRetry: () => true,
    retryAttempts: 1000,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
    on: {
      connected: () => (seen.connected += 1),
      closed: ({ code }) => seen.codes.push(code),
    },
  });
  return { client, seen };
}

/** A subscription that goes on by `after`; gives the next change. */
function follow(client, after) {
  // The object is sent again at each connect.
  const variables = { after };
  const events = client.iterate({ query: FOLLOW, variables });
  return async () => {
    const { value } = await inTime('a change', events.next());
    assert.equal(value.errors, undefined);
    const change = value.data.importChanges;
    variables.after = change.cursor;
    return Number(change.databaseId);
  };
}

const checks = {
  async aCutSubscriptionGoesOnWithoutAGap(implementation, gateway) {
    const { client, seen } = connect(gateway, implementation, () => gateway.key);
    const next = follow(client, await gateway.now());
    for (let id = 1; id <= 5; id += 1) {
      gateway.load(id);
      assert.equal(await next(), id);
      gateway.cut();
    }
    gateway.load(6);
    assert.equal(await next(), 6);
    assert.ok(seen.connected > 5, `${seen.connected}`);
    await client.dispose();
  },

  async aKeyThatEndsIsReplaced(implementation, gateway) {
    const keys = [gateway.newKey('ending'), gateway.key];
    const { client, seen } = connect(gateway, implementation, () => keys[Math.min(seen.connected, 1)]);
    let connected = 0;
    const again = new Promise((resolve) => client.on('connected', () => (connected += 1) === 2 && resolve()));
    const next = follow(client, await gateway.now());
    gateway.load(1);
    assert.equal(await next(), 1);
    const id = gateway.command('token', 'list').match(/^\W*(\d+).*\bending\b/m)[1];
    gateway.command('token', 'revoke', id);
    gateway.load(2);
    gateway.load(3);
    assert.equal(await next(), 2);
    assert.equal(await next(), 3);
    await inTime('another connection', again);
    gateway.load(4);
    assert.equal(await next(), 4);
    assert.equal(seen.codes[0], 4403);
    await client.dispose();
  },

  async aRestartLosesNothing(implementation, gateway) {
    const { client, seen } = connect(gateway, implementation, () => gateway.key);
    const next = follow(client, await gateway.now());
    gateway.load(1);
    assert.equal(await next(), 1);
    const restarted = gateway.restart();
    gateway.load(2);
    await restarted;
    gateway.load(3);
    assert.equal(await next(), 2);
    assert.equal(await next(), 3);
    assert.equal(seen.codes[0], 1001);
    await client.dispose();
  },

  async aPointThatExpiredIsAnError(implementation, gateway) {
    const { client } = connect(gateway, implementation, () => gateway.key);
    const after = await gateway.now();
    gateway.command('changes', 'expire');
    const failing = follow(client, after)();
    const errors = await failing.then(
      () => assert.fail('it did not fail'),
      (error) => error,
    );
    assert.equal(errors[0].extensions.code, 'CHANGES_EXPIRED');
    await client.dispose();
  },

  async aQueryIsAnsweredOnce(implementation, gateway) {
    gateway.load(1);
    const { client } = connect(gateway, implementation, () => gateway.key);
    const results = [];
    for await (const { data } of client.iterate({ query: '{ imports { nodes { databaseId } } }' })) results.push(data);
    assert.deepEqual(results, [{ imports: { nodes: [{ databaseId: '1' }] } }]);
    await client.dispose();
  },

  async aRefusedKeyIsFinal(implementation, gateway) {
    const { client, seen } = connect(gateway, implementation, () => 'igw_wrong');
    const error = await inTime('the refusal', follow(client)().catch((event) => event));
    assert.equal(error.code, 4401);
    assert.deepEqual(seen.codes, [4401]);
    await client.dispose();
  },
};

let passed = 0;
const runs = Object.entries(implementations).flatMap(([name, implementation]) =>
  Object.entries(checks).map(([check, run]) => [`${check} of the gateway on ${name}`, run, implementation]),
);
for (const [name, run, implementation] of runs) {
  let gateway;
  try {
    gateway = await Gateway.start();
    await run(implementation, gateway);
    passed += 1;
  } catch (error) {
    console.log(`failed ${name}`);
    console.log(error);
  } finally {
    gateway?.stop();
  }
}
console.log(`graphql-ws: ${passed} of ${runs.length}`);
rmSync(folder, { recursive: true, force: true });
process.exit(passed === runs.length ? 0 : 1);
