// Clients that follow the list by its changes, each by its recipe of docs/changes.md: all at once on one gateway, cut again
// and again while the table is written, and none may lose a change.
import assert from 'node:assert/strict';
import { FOLLOWING, start, writeRecipes } from './followers.mjs';
import { Gateway, Proxy, Table, until } from './live.mjs';

/** Streams of the account: twice what the clients need, as a cut is not seen at once at either end. */
const STREAMS = 2 * FOLLOWING.length;
/** More than a round has, and less than the one with many. */
const FEW = 25;

/** What happens to the clients in each round, after its first change. What it gives is done after the last. */
const ROUNDS = {
  async 'a cut'({ cut }) {
    cut();
  },
  async 'a cut after each change'({ cut, write, changes }) {
    for (const change of changes.splice(0)) {
      await write(change);
      cut();
    }
  },
  async 'a restart'({ gateway }) {
    await gateway.end('SIGTERM');
    return () => gateway.again();
  },
  async 'a crash'({ gateway, cut }) {
    await gateway.end('SIGKILL');
    return async () => {
      cut();
      await gateway.again();
    };
  },
  async 'an expired cursor'({ gateway, cut }) {
    cut();
    gateway.command('changes', 'expire');
  },
  async 'many changes'({ table, write }) {
    await write(table.touch());
  },
  async 'a cut after many changes'({ cut }) {
    cut();
  },
};

let running;

/** Runs all recipes once, whoever asks first; gives how each came through: nothing, or what is wrong. */
function outcomes(tools) {
  running ??= run(tools);
  return running;
}

async function run({ made, program }) {
  const folder = `${made}changes/`;
  await writeRecipes(folder);
  const gateway = await Gateway.start(program, folder, '--streams-per-account', String(STREAMS));
  const table = new Table(gateway.account);
  const rows = Array.from({ length: 90 }, (_, id) => table.upsert(id, id % 10 === 9 ? 'new' : 'failed'));
  await gateway.write(`BEGIN; ${rows.join(' ')} COMMIT;`);
  // While all places are taken, every client is turned away at its first try.
  const taken = await Promise.all(Array.from({ length: STREAMS }, () => takePlace(gateway)));
  const proxies = await Promise.all(FOLLOWING.map(() => Proxy.to(gateway.port)));
  const followers = await Promise.all(
    FOLLOWING.map((name, index) => start(name, folder, { url: proxies[index].url, key: gateway.key })),
  );
  const faults = new Map();
  const fails = ({ name }, fault) => faults.has(name) || faults.set(name, fault);
  /** Waits until all hold the list; who does not within the limit is out. */
  const settled = async (what) => {
    const list = await gateway.failed();
    assert.ok(list.split('\n').length > 50);
    const settling = followers.map((follower) =>
      until(`${follower.name}, ${what}`, async () => {
        const held = await follower.held();
        if (held === list || faults.has(follower.name)) return undefined;
        assert.equal(follower.ended, undefined, `${follower.name}, ${what}: it has ended: ${follower.said}`);
        return `${differs(held, list)}; it said: ${follower.said}`;
      }).catch((error) => fails(follower, error)),
    );
    await Promise.all(settling);
  };
  try {
    await settled('at first');
    await until('refusals of all clients', async () => {
      const refused = await refusals(gateway);
      return refused >= FOLLOWING.length ? undefined : `${refused}`;
    });
    // What changes meanwhile is told to those that were turned away.
    await gateway.write(table.upsert(3000, 'failed'));
    for (const place of taken) place.abort();
    await settled('places for all');
    for (const [number, [what, trouble]] of Object.entries(ROUNDS).entries()) {
      const before = followers.map(({ reads, changes }) => ({ reads, changes }));
      const changes = table.round(number);
      const write = (change) => gateway.write(change);
      const cut = () => proxies.forEach((proxy) => proxy.cut());
      await write(changes.shift());
      const mend = await trouble({ gateway, table, changes, write, cut });
      for (const change of changes) await write(change);
      await mend?.();
      await settled(what);
      for (const [index, follower] of followers.entries()) {
        // A shell does not count.
        if (follower.changes === 0) continue;
        const isReadAnew = follower.reads > before[index].reads;
        if (isReadAnew !== (what === 'an expired cursor')) fails(follower, new Error(`${what}: read anew: ${isReadAnew}`));
        const told = follower.changes - before[index].changes;
        // It goes on from its last change, and is not told of all again.
        if (what === 'a cut after many changes' && told > FEW) fails(follower, new Error(`${what}: it was told of ${told}`));
      }
    }
  } finally {
    for (const follower of followers) follower.stop();
    for (const proxy of proxies) proxy.stop();
    await gateway.stop();
  }
  return faults;
}

/** Opens a stream of changes, until `abort`. A response that nobody holds any more would be closed. */
async function takePlace({ address, key }) {
  const controller = new AbortController();
  const headers = { Authorization: `Bearer ${key}` };
  const response = await fetch(`http://${address}/api/v1/imports/changes`, { headers, signal: controller.signal });
  assert.equal(response.status, 200);
  return { response, abort: () => controller.abort() };
}

/** How often a request was answered that there are too many streams. */
async function refusals({ address }) {
  const metrics = await (await fetch(`http://${address}/metrics`)).text();
  const counts = metrics.matchAll(/^imports_gateway_requests_total\{.*code="rate_limited".*\} (\d+)/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

function differs(held, list) {
  if (held === undefined) return 'it has no list';
  const [mine, theirs] = [held, list].map((text) => new Set(text.split('\n')));
  const only = (one, other) => [...one].filter((row) => !other.has(row)).join(', ') || 'nothing';
  return `it lacks ${only(theirs, mine)}; it has besides ${only(mine, theirs)}`;
}

const client = (name) => async (tools) => {
  assert.ok(FOLLOWING.includes(name), `docs/changes.md has no recipe ${name}`);
  const fault = (await outcomes(tools)).get(name);
  if (fault) throw fault;
};

export const changesByCurl = client('changes.sh');
export const changesByEventsource = client('eventsource.mjs');
export const changesByGraphqlSse = client('graphql-sse.mjs');
export const changesByGraphqlWs = client('graphql-ws.mjs');
export const changesByApollo = client('apollo.mjs');
export const changesByUrql = client('urql.mjs');
export const changesByRelay = client('relay.mjs');
export const changesByHttpx = client('changes_httpx.py');
export const changesByGql = client('changes_gql.py');

export async function noRecipeOfChangesIsWithoutATest() {
  assert.equal(FOLLOWING.length, 9);
}
