// Runs the client of graphql-ws, on two implementations of WebSocket, against the example server of
// crates/graphql-transport-ws: events, errors, ends from either side, and after which codes it comes back. Then runs
// gateway.mjs.
//
// Usage: node run.mjs PROGRAM GATEWAY, where PROGRAM is the built example `commands`, and GATEWAY `imports-gateway`.
// Prints each check that fails, then `graphql-ws: 32 of 32`; exits with 1 unless all pass.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { createClient } from 'graphql-ws';
import * as undici from 'undici';
import ws from 'ws';

const [program, gateway] = process.argv.slice(2);
if (!gateway) {
  console.error('usage: node run.mjs PROGRAM GATEWAY');
  process.exit(2);
}
const PATIENCE = 30_000;
// What Node.js 22 and later have as their own is undici's.
const implementations = { ws, undici: undici.WebSocket };

const server = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
const { value: url } = await lines.next();
const order = (text) => server.stdin.write(`${text}\n`);

/** What a promise gives, which must come. */
async function inTime(what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${PATIENCE} ms`)), PATIENCE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A client that notes how often it has connected, and the codes that its connections were closed with. */
function connect(webSocketImpl, options = {}) {
  const seen = { connected: 0, opened: 0, codes: [] };
  const client = createClient({
    url,
    webSocketImpl,
    retryWait: async () => {},
    ...options,
    on: {
      opened: () => (seen.opened += 1),
      connected: () => (seen.connected += 1),
      closed: ({ code }) => seen.codes.push(code),
      ...options.on,
    },
  });
  return { client, seen, next: (events) => inTime('an event', events.next()) };
}

/** All results of an operation. */
async function all(client, payload) {
  const results = [];
  for await (const result of client.iterate(payload)) results.push(result.data);
  return results;
}

/** How an operation fails. */
async function fault(client, payload) {
  try {
    await inTime('the end of an operation', all(client, payload));
  } catch (error) {
    return error;
  }
  return assert.fail('it did not fail');
}

/** That a subscription goes on after its connection is closed with a code, by what `close` does. */
async function comesBack(implementation, query, close, code) {
  const { client, seen, next } = connect(implementation);
  const events = client.iterate({ query });
  await next(events);
  close();
  while (seen.connected < 2) await next(events);
  await next(events);
  assert.equal(seen.codes[0], code);
  await client.dispose();
}

/** That an operation fails with the code of the close frame, on the first and only connection. */
async function staysAway(implementation, options, payload, code) {
  const { client, seen } = connect(implementation, options);
  const error = await fault(client, payload);
  assert.equal(error.code, code);
  assert.equal(seen.opened, 1);
  return error;
}

const checks = {
  async aSubscriptionHasItsEventsAndItsEnd(implementation) {
    const { client, seen } = connect(implementation);
    assert.deepEqual(await inTime('the end', all(client, { query: 'count 3' })), [{ count: 1 }, { count: 2 }, { count: 3 }]);
    await client.dispose();
    assert.equal(seen.connected, 1);
  },

  async aQueryHasOneResult(implementation) {
    const { client } = connect(implementation);
    const variables = { text: '\u{1F600}"\\', list: [1, null] };
    assert.deepEqual(await inTime('the end', all(client, { query: 'echo', variables })), [variables]);
    await client.dispose();
  },

  async aLongResultIsWhole(implementation) {
    const { client } = connect(implementation);
    const text = '\u{20AC}\u{1F600}'.repeat(5000);
    const results = await inTime('the end', all(client, { query: 'echo', variables: { text } }));
    assert.deepEqual(results, [{ text }]);
    await client.dispose();
  },

  async anErrorFailsItsOperationAlone(implementation) {
    const { client, seen, next } = connect(implementation);
    const other = client.iterate({ query: 'tick' });
    await next(other);
    const errors = await fault(client, { query: 'nonsense' });
    assert.deepEqual(
      errors.map(({ message }) => message),
      ['unknown command nonsense'],
    );
    await next(other);
    assert.equal(seen.opened, 1);
    await client.dispose();
  },

  async whatTheClientEndsIsOverAndTheConnectionStays(implementation) {
    const { client, seen, next } = connect(implementation);
    const other = client.iterate({ query: 'tick' });
    const events = client.iterate({ query: 'endless' });
    for (let count = 1; count <= 5; count += 1) assert.equal((await next(events)).value.data.count, count);
    await inTime('the end', events.return());
    await next(other);
    assert.deepEqual(await inTime('the end', all(client, { query: 'count 1' })), [{ count: 1 }]);
    assert.equal(seen.opened, 1);
    await client.dispose();
  },

  async theClientGoesInOrder(implementation) {
    let closed;
    const closing = new Promise((resolve) => (closed = resolve));
    const { client, next } = connect(implementation, { on: { closed } });
    await next(client.iterate({ query: 'tick' }));
    await client.dispose();
    const { code, wasClean } = await inTime('the close event', closing);
    assert.deepEqual({ code, wasClean }, { code: 1000, wasClean: true });
  },

  async pingsOfTheClientAreAnswered(implementation) {
    let ponged;
    const pong = new Promise((resolve) => (ponged = resolve));
    const { client, next } = connect(implementation, {
      keepAlive: 10,
      on: { pong: (received) => received && ponged() },
    });
    await next(client.iterate({ query: 'tick' }));
    await inTime('a pong', pong);
    await client.dispose();
  },

  comesBackAfterAShutdown: (implementation) => comesBack(implementation, 'tick', () => order('stop'), 1001),

  comesBackAfterTheEndOfItsKey: (implementation) => comesBack(implementation, 'tick', () => order('revoke'), 4403),

  comesBackAfterBeingTooSlow: (implementation) => comesBack(implementation, 'close 1013', () => {}, 1013),

  comesBackWhenTheEventsEndEarly: (implementation) => comesBack(implementation, 'lost', () => {}, 1012),

  async comesBackWithAnotherKeyAfterOneOfAnotherAccount(implementation) {
    const keys = ['foreign', 'good'];
    const { client, seen } = connect(implementation, { connectionParams: () => ({ key: keys.shift() }) });
    assert.deepEqual(await inTime('the end', all(client, { query: 'count 1' })), [{ count: 1 }]);
    assert.equal(seen.codes[0], 4403);
    await client.dispose();
  },

  async staysAwayAfterARefusedKey(implementation) {
    const options = { connectionParams: { key: 'unknown' } };
    const { reason } = await staysAway(implementation, options, { query: 'count 1' }, 4401);
    assert.equal(reason, 'Refused');
  },

  async staysAwayAfterARepeatedId(implementation) {
    const { client, seen, next } = connect(implementation, { generateID: () => 'same' });
    const first = client.iterate({ query: 'tick' });
    await next(first);
    const { code, reason } = await fault(client, { query: 'count 1' });
    assert.deepEqual({ code, reason }, { code: 4409, reason: 'Subscriber for same already exists' });
    assert.equal(seen.opened, 1);
  },

  async staysAwayAfterTooManyOperations(implementation) {
    const { client, seen } = connect(implementation);
    const many = Array.from({ length: 33 }, () => fault(client, { query: 'never' }));
    for (const { code } of await Promise.all(many)) assert.equal(code, 4429);
    assert.equal(seen.opened, 1);
  },

  async anotherProtocolIsRefusedInTheHandshake(implementation) {
    const socket = new implementation(url, 'graphql-ws');
    const failed = new Promise((resolve, reject) => {
      socket.addEventListener('error', resolve);
      socket.addEventListener('open', () => reject(new Error('it was opened')));
    });
    await inTime('the refusal', failed);
  },
};

let passed = 0;
const runs = Object.entries(implementations).flatMap(([name, implementation]) =>
  Object.entries(checks).map(([check, run]) => [`${check} on ${name}`, () => run(implementation)]),
);
for (const [name, run] of runs) {
  try {
    await run();
    passed += 1;
  } catch (error) {
    console.log(`failed ${name}`);
    console.log(error);
  }
}
console.log(`graphql-ws: ${passed} of ${runs.length}`);
// Without its input the server ends.
server.stdin.end();
const script = new URL('gateway.mjs', import.meta.url).pathname;
const { status } = spawnSync(process.execPath, [script, gateway], { stdio: 'inherit' });
process.exit(passed === runs.length ? (status ?? 1) : 1);
