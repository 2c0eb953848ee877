// Composes a running gateway with a second subgraph by three composers, and asks both through two federation gateways.
//
// Usage: OTHER_KEY=KEY node run.mjs URL KEY, where URL is that of GraphQL of a gateway with `--federation on`, and OTHER_KEY of
// another account. Prints each check that fails, then `federation: 23 of 23`; exits with 1 unless all pass.
import assert from 'node:assert/strict';
import { buildClientSchema, buildSchema, getIntrospectionQuery, printSchema } from 'graphql';
import * as composers from './composers.mjs';
import * as gateways from './gateways.mjs';
import * as reviews from './reviews.mjs';

const [url, key] = process.argv.slice(2);
const otherKey = process.env.OTHER_KEY;
if (!url || !key || !otherKey) {
  console.error('usage: OTHER_KEY=KEY node run.mjs URL KEY');
  process.exit(2);
}

const headers = (of) => ({ 'content-type': 'application/json', authorization: `Bearer ${of}` });

async function data(of, query, variables) {
  const body = JSON.stringify({ query, variables });
  const answer = await (await fetch(url, { method: 'POST', headers: headers(of), body })).json();
  assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
  return answer.data;
}

// The account of a key with its imports, newest first.
async function owned(of) {
  const imports = [];
  let after = null;
  do {
    const page = await data(
      of,
      `query ($after: String) { viewer { id name }
        imports(first: 100, after: $after) { nodes { id fileName } pageInfo { hasNextPage endCursor } } }`,
      { after },
    );
    imports.push(...page.imports.nodes);
    after = page.imports.pageInfo.hasNextPage ? page.imports.pageInfo.endCursor : null;
    if (!after) return { key: of, account: page.viewer, imports };
  } while (imports.length < 5000);
  throw new Error(`more than ${imports.length} imports`);
}

const [own, other] = [await owned(key), await owned(otherKey)];
assert.ok(own.imports.length >= 300 && other.imports.length > 0, 'too few imports');
assert.notEqual(own.account.id, other.account.id);

// More than 250 imports of one account, some of the other, some twice, and ids that are none.
const few = (of) => of.imports.slice(0, 300).map(({ id }) => id);
const wrong = ['', 'x', own.account.id, Buffer.from('Nothing:1:1').toString('base64url')];
const subjects = [...few(own), ...few(other), ...few(own).slice(0, 50), ...wrong];
const second = await reviews.serve(subjects, [own.account.id, other.account.id]);

const { sdl } = (await data(key, '{ _service { sdl } }'))._service;
const subgraphs = [
  { name: 'imports', url, sdl },
  { name: 'reviews', url: second.url, sdl: reviews.SDL },
];

const checks = {};

checks.introspectionIsTheText = async () => {
  const options = { specifiedByUrl: true, directiveIsRepeatable: true, inputValueDeprecation: true, oneOf: true };
  const described = buildClientSchema(await data(key, getIntrospectionQuery(options)));
  const text = await (await fetch(url.replace(/graphql$/, 'schema.graphql'), { headers: headers(key) })).text();
  assert.equal(`${printSchema(described)}\n`, text);
  assert.ok(buildSchema(text).getType('_Entity'));
};

for (const [name, compose] of Object.entries(composers)) {
  checks[`${name} composes`] = () => {
    const graph = compose(subgraphs);
    for (const line of [/^type Import\b/m, /^type Comment\b/m, /comments: CommentConnection!/, /fileName: String!/]) {
      assert.match(graph, line);
    }
    // What each of them drops, which is its own to do.
    const kept = [/^input ImportSort[^{]*@oneOf/m, /^scalar DateTime[^{]*@specifiedBy/m].map((one) => one.test(graph));
    assert.deepEqual(kept, { apollo: [false, true], hive: [true, true], cosmo: [true, false] }[name]);
    assert.doesNotMatch(graph, /_entities|_service|\bnode\(id: ID!\)[^}]*graph: IMPORTS/);
  };
  // What would not be found out if composers took everything.
  checks[`${name} refuses nodes of two subgraphs`] = () => {
    const withNodes = `${sdl}\ninterface Node { id: ID! }\nextend type Query { node(id: ID!): Node }\n`;
    assert.throws(() => compose([{ ...subgraphs[0], sdl: withNodes }, subgraphs[1]]), /node/);
  };
  checks[`${name} narrows a filter of the same name`] = () => {
    const narrower = 'scalar DateTime input DateTimeFilter { lt: DateTime } extend type Query { at(at: DateTimeFilter): Int }';
    const graph = compose([subgraphs[0], { ...subgraphs[1], sdl: reviews.SDL + narrower }]);
    const [filter] = graph.match(/^input DateTimeFilter[^{]*\{[^}]*\}/m);
    assert.match(filter, /\blt: DateTime/);
    assert.doesNotMatch(filter, /\bgte: DateTime/);
  };
  checks[`${name} refuses an enum of other values`] = () => {
    const other = 'enum SortDirection { ASC } extend type Query { sorted(by: SortDirection): Int }';
    assert.throws(() => compose([subgraphs[0], { ...subgraphs[1], sdl: reviews.SDL + other }]), /SortDirection/);
  };
  checks[`${name} refuses an account of another shape`] = () => {
    const unlike = reviews.SDL.replace('commentCount: Int!', 'name: Int!');
    assert.throws(() => compose([subgraphs[0], { ...subgraphs[1], sdl: unlike }]), /Account/);
  };
}

checks['apollo needs the definition of @oneOf'] = () => {
  const without = sdl.replace(/^"""[^"]*"""\ndirective @oneOf .*$/m, '');
  assert.notEqual(without, sdl);
  assert.throws(() => composers.apollo([{ ...subgraphs[0], sdl: without }]), /oneOf/);
};

for (const [name, open] of Object.entries(gateways)) {
  const through = (title, check) => {
    checks[`${name} ${title}`] = async () => {
      const gateway = await open(composers[name](subgraphs));
      try {
        await check(gateway.ask);
      } finally {
        await gateway.stop();
      }
    };
  };

  through('joins imports with comments', async (ask) => {
    const query = `{ viewer { name commentCount }
      imports(first: 100, sort: [{ id: DESC }]) { nodes { fileName comments { nodes { text } } } pageInfo { hasNextPage } } }`;
    for (const caller of [own, other]) {
      const { data, errors } = await ask(query, caller.key);
      assert.equal(errors, undefined, JSON.stringify(errors));
      assert.equal(data.viewer.name, caller.account.name);
      assert.ok(data.viewer.commentCount > 0);
      assert.equal(data.imports.pageInfo.hasNextPage, caller.imports.length > 100);
      assert.ok(data.imports.nodes.length > 0);
      data.imports.nodes.forEach(({ fileName, comments }, place) => {
        const { id, fileName: expected } = caller.imports[place];
        assert.equal(fileName, expected);
        assert.ok(comments.nodes.length > 0 && comments.nodes.every(({ text }) => text === `about ${id}`));
      });
    }
  });

  through('finds the entities of the caller and no others', async (ask) => {
    const query = '{ comments { nodes { text on { id fileName type } author { id name databaseId } } } }';
    for (const [caller, stranger] of [
      [own, other],
      [other, own],
    ]) {
      const names = new Map(caller.imports.map(({ id, fileName }) => [id, fileName]));
      const { data, errors } = await ask(query, caller.key);
      assert.equal(data?.comments.nodes.length, subjects.length, JSON.stringify(errors)?.slice(0, 500));
      data.comments.nodes.forEach(({ on, author }, place) => {
        const expected = names.get(subjects[place]);
        assert.equal(on?.fileName, expected, subjects[place]);
        // The subgraph of the comments has the other's id, and nothing else of it.
        if (!expected) assert.equal(on?.type, undefined);
        if (author?.id !== caller.account.id) assert.equal(author?.name, undefined);
        else assert.equal(author.name, caller.account.name);
      });
      assert.ok(!JSON.stringify(data).includes(stranger.account.name));
    }
  });

  through('answers nothing of ours without a key', async (ask) => {
    const { data, errors } = await ask('{ imports(first: 1) { nodes { fileName } } comments { nodes { id } } }', undefined);
    assert.equal(data.imports, null);
    assert.equal(data.comments.nodes.length, subjects.length);
    // Apollo's gateway has the status, Hive's the code.
    assert.match(JSON.stringify(errors), /401|UNAUTHENTICATED/);
  });
}

let passed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    passed += 1;
  } catch (error) {
    console.log(`failed ${name}\n    ${String(error.stack ?? error).slice(0, 2000).replaceAll('\n', '\n    ')}`);
  }
}
const all = Object.keys(checks).length;
console.log(`federation: ${passed} of ${all}`);
process.exit(passed === all && all >= 23 ? 0 : 1);
