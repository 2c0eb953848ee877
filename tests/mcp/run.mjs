// Runs clients of the Model Context Protocol on two running gateways, each in the editions that it speaks: a walk over three
// pages, one import, counts, the schema, a wrong argument, a refused key and a spent budget.
//
// Usage: node run.mjs URL KEY SPENT_URL SPENT_KEY, where both are URLs of GraphQL, and the second gateway has a budget of
// ten points. Prints each check that fails, then `mcp: 70 of 70`; exits with 1 unless all pass.
import assert from 'node:assert/strict';
import * as inspector from './inspector.mjs';
import * as python from './python.mjs';
import * as sdk from './sdk.mjs';
import * as typescript from './typescript.mjs';

const [url, key, spentUrl, spentKey] = process.argv.slice(2);
if (!spentKey) {
  console.error('usage: node run.mjs URL KEY SPENT_URL SPENT_KEY');
  process.exit(2);
}
const at = (graphql) => graphql.replace(/\/graphql$/, '/mcp');
const STATELESS = '2026-07-28';
const HANDSHAKE = '2025-11-25';
const SCHEMA = 'imports-gateway:///schema.graphql';

/** What a client must be able to do, once it is connected. */
const checks = {
  async speaksTheEdition(client, edition) {
    if (client.version !== undefined) assert.equal(client.version, edition);
  },

  async listsTheTools(client) {
    assert.deepEqual(await client.tools(), ['list_imports', 'get_import', 'count_imports']);
  },

  async walksThreePages(client) {
    const sort = [{ createdAt: 'ASC' }];
    const seen = [];
    let after = null;
    for (let page = 0; page < 3; page += 1) {
      const first = await client.call('list_imports', after ? { first: 5, sort, after } : { first: 5, sort });
      seen.push(...first.imports.map(({ id, createdAt }) => ({ id, createdAt })));
      after = first.nextCursor;
    }
    const whole = await client.call('list_imports', { first: 15, sort });
    assert.deepEqual(
      seen,
      whole.imports.map(({ id, createdAt }) => ({ id, createdAt })),
    );
    assert.equal(new Set(seen.map(({ id }) => id)).size, 15);
  },

  async findsOneImport(client) {
    const { imports } = await client.call('list_imports', { first: 2, filter: { status: { include: ['COMPLETE'] } } });
    assert.deepEqual(
      imports.map(({ id, status }) => [typeof id, status]),
      [
        ['string', 'COMPLETE'],
        ['string', 'COMPLETE'],
      ],
    );
    assert.deepEqual(await client.call('get_import', { id: imports[1].id }), { import: imports[1] });
  },

  async countsByStatus(client) {
    const { counts } = await client.call('count_imports', {});
    assert.equal(counts.length, 10);
    assert.equal(
      counts.reduce((sum, { count }) => sum + count, 0),
      200,
    );
  },

  async readsTheSchema(client) {
    assert.match(await client.read(SCHEMA), /^type Query \{$/m);
  },

  async isToldOfAWrongArgument(client, edition, { sendsWrongTypes = true }) {
    const refused = [
      [{ first: sendsWrongTypes ? 'three' : 101 }, /`first`/],
      [{ page: 2 }, /`page` is no argument of list_imports/],
    ];
    for (const [args, told] of refused) assert.match(await client.complaint('list_imports', args), told);
  },
};

/** What it must tell whoever uses it where it cannot connect, or cannot go on. */
const refusals = {
  async isToldOfARefusedKey(client, edition) {
    assert.match(await failure(client, edition, at(url), 'igw_live_none'), client.tellsOfKeys ?? /valid API key/);
  },

  async isToldHowLongToWait(client, edition) {
    // A hundred rows for ten points: the account is in debt for a minute and a half.
    await fetch(`${spentUrl.replace(/\/graphql$/, '')}/api/v1/imports?per_page=100`, {
      headers: { Authorization: `Bearer ${spentKey}` },
    });
    assert.match(await failure(client, edition, at(spentUrl), spentKey), /\(wait \d+ s\)/);
  },
};

async function failure(client, edition, url, key) {
  let connected;
  try {
    connected = await client.connect(url, key, edition);
    await connected.call('count_imports', {});
  } catch (error) {
    return String(error.message);
  } finally {
    await connected?.close();
  }
  throw new Error('it was not refused');
}

let all = 0;
let passed = 0;
async function check(name, run) {
  all += 1;
  try {
    await run();
    passed += 1;
  } catch (error) {
    console.log(`failed ${name}\n    ${String(error.stack ?? error).replaceAll('\n', '\n    ')}`);
  }
}

async function run(name, client) {
  for (const edition of client.EDITIONS) {
    const named = (of) => `${of} (${name}, ${edition})`;
    let connected;
    await check(named('connects'), async () => {
      connected = await client.connect(at(url), key, edition);
    });
    if (!connected) continue;
    for (const [of, run] of Object.entries(checks)) await check(named(of), () => run(connected, edition, client));
    await connected.close();
    for (const [of, run] of Object.entries(refusals)) await check(named(of), () => run(client, edition));
  }
}

const clients = { typescript, sdk, python, inspector };
await Promise.all(Object.entries(clients).map(([name, client]) => run(name, client)));
assert.ok(Object.values(clients).every(({ EDITIONS }) => EDITIONS.includes(HANDSHAKE)));
assert.ok(Object.values(clients).filter(({ EDITIONS }) => EDITIONS.includes(STATELESS)).length >= 2);
console.log(`mcp: ${passed} of ${all}`);
process.exit(passed === all ? 0 : 1);
