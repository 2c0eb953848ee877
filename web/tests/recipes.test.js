/** What the recipes and the playground do at the edges, without a browser and without a gateway. */
import { Window } from 'happy-dom';
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { after, before, test } from './limits.js';
import { openSource } from './source.js';

let vite;
const held = globalThis.fetch;
before(async () => {
  vite = await openSource();
});
after(async () => {
  globalThis.fetch = held;
  await vite?.close();
});

describe("the playground's own headers", () => {
  /** What is sent for the key field `key` and the typed `headers`, what was answered, and whether the key was blamed. */
  async function send(key, headers, status = 200) {
    const { createFetcher } = await vite.ssrLoadModule('/playground/fetcher.ts');
    const sent = [];
    globalThis.fetch = async (url, init) => {
      sent.push(new Headers(init.headers));
      return new Response('{"data":{}}', { status });
    };
    let blamed = 0;
    const fetcher = createFetcher(key, () => (blamed += 1));
    const answer = await fetcher({ query: '{ viewer { id } }' }, { headers });
    return { sent: sent[0], answer, blamed };
  }

  for (const [key, headers, expected] of [
    ['field', undefined, 'Bearer field'],
    ['field', {}, 'Bearer field'],
    ['field', { 'X-Request-Id': 'mine' }, 'Bearer field'],
    ['field', { Authorization: 'Bearer typed' }, 'Bearer typed'],
    ['field', { authorization: 'Bearer typed' }, 'Bearer typed'],
    ['field', { AUTHORIZATION: 'Token typed' }, 'Token typed'],
    [null, { Authorization: 'Bearer typed' }, 'Bearer typed'],
    [null, { authorization: 'Token token="typed"' }, 'Token token="typed"'],
    ['né', { Authorization: 'Bearer typed' }, 'Bearer typed'],
    ['field', { accept: 'application/json', Authorization: 'Bearer typed' }, 'Bearer typed'],
  ]) {
    test(`${JSON.stringify(headers)} beside the key ${key}: ${expected}`, async () => {
      const { sent, answer, blamed } = await send(key, headers);
      assert.equal(sent.get('Authorization'), expected);
      assert.equal(sent.get('Content-Type'), 'application/json');
      for (const [name, value] of Object.entries(headers ?? {})) assert.equal(sent.get(name), value);
      assert.deepEqual([answer, blamed], [{ data: {} }, 0]);
    });
  }

  test('nothing is sent without any key, or with a header that is none', async () => {
    for (const [key, headers] of [
      [null, undefined],
      [null, { 'X-Request-Id': 'mine' }],
      ['field', { 'X Y': 'z' }],
      ['field', { Authorization: 'Bearer né\u{1F511}' }],
    ]) {
      const { sent, answer } = await send(key, headers);
      assert.equal(sent, undefined, JSON.stringify(headers));
      assert.equal(typeof answer.errors[0].message, 'string');
    }
  });

  test('the key in the field is blamed for a refusal only where it was sent', async () => {
    assert.equal((await send('field', {}, 401)).blamed, 1);
    assert.equal((await send('field', { Authorization: 'Bearer typed' }, 401)).blamed, 0);
  });
});

describe('the recipes', () => {
  /** A gateway of `ids`, in order: pages forward and backward, and what was asked of it. */
  function answering(ids) {
    const asked = [];
    globalThis.fetch = async (url, init) => {
      const { variables } = JSON.parse(init.body);
      asked.push(variables);
      const { first, after, last, before } = variables;
      let from = after ? ids.indexOf(after) + 1 : 0;
      let to = before ? ids.indexOf(before) : ids.length;
      if (first != null) to = Math.min(to, from + first);
      if (last != null) from = Math.max(from, to - last);
      const page = ids.slice(from, to);
      const edges = page.map((id) => ({
        __typename: 'ImportEdge',
        cursor: id,
        node: { __typename: 'Import', id, databaseId: id, fileName: id, status: 'NEW' },
      }));
      const pageInfo = {
        __typename: 'PageInfo',
        hasNextPage: to < ids.length,
        hasPreviousPage: from > 0,
        startCursor: page[0] ?? null,
        endCursor: page.at(-1) ?? null,
      };
      const data = { imports: { __typename: 'ImportConnection', edges, pageInfo } };
      return new Response(JSON.stringify({ data }), { headers: { 'Content-Type': 'application/json' } });
    };
    return asked;
  }

  /** A hook's latest list, once `done` says of it that it is the one to wait for. */
  async function mount(client, variables) {
    Object.assign(globalThis, { window: new Window({ url: 'http://127.0.0.1/' }) });
    globalThis.document = globalThis.window.document;
    const { CLIENTS } = await vite.ssrLoadModule('/clients/walk.tsx');
    const { useImports } = await vite.ssrLoadModule(`/clients/${client}/imports.ts`);
    const { createElement } = await import('react');
    const { createRoot } = await import('react-dom/client');
    const state = { list: null, wake: () => {} };
    function Shown() {
      state.list = useImports(variables);
      queueMicrotask(() => state.wake());
      return null;
    }
    const root = createRoot(document.createElement('div'));
    root.render(CLIENTS[client]('http://127.0.0.1/graphql', 'key', createElement(Shown)));
    const until = async (what, done) => {
      const late = AbortSignal.timeout(60_000);
      while (!state.list || state.list.loading || !done(state.list)) {
        if (late.aborted) throw new Error(`never ${what}: ${JSON.stringify(state.list)}`);
        await new Promise((resolve) => {
          state.wake = resolve;
          setTimeout(resolve, 50);
        });
      }
      return state.list;
    };
    return { until, unmount: () => root.unmount() };
  }

  test('Apollo Client asks again for the next page of an empty list, without a cursor', async () => {
    const asked = answering([]);
    const { until, unmount } = await mount('apollo', { first: 2 });
    const list = await until('answered', ({ rows }) => rows.length === 0);
    for (const load of [() => list.loadNext(2), () => list.loadPrevious(2)]) {
      await load();
      const { after, before } = asked.at(-1);
      assert.deepEqual([after ?? null, before ?? null], [null, null]);
    }
    assert.equal(asked.length, 3);
    unmount();
  });

  test('urql puts rows that came before the first page before it', async () => {
    const list = ['3', '4', '5', '6'];
    answering(list);
    const { until, unmount } = await mount('urql', { first: 2 });
    const ids = ({ rows }) => rows.map(({ databaseId }) => databaseId).join();
    let shown = await until('answered', ({ rows }) => rows.length === 2);
    assert.equal(ids(shown), '3,4');
    list.unshift('1', '2');
    shown.loadPrevious(2);
    shown = await until('four rows', ({ rows }) => rows.length === 4);
    assert.equal(ids(shown), '1,2,3,4');
    shown.loadNext(2);
    shown = await until('six rows', ({ rows }) => rows.length === 6);
    assert.equal(ids(shown), '1,2,3,4,5,6');
    unmount();
  });
});
