/** The list with Relay's own hooks, on answers that the test holds back: for what a browser meets by chance alone. */
import { Window } from 'happy-dom';
import assert from 'node:assert/strict';
import { createElement, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { RelayEnvironmentProvider } from 'react-relay';
import { Environment, Network, Observable, RecordSource, Store } from 'relay-runtime';
import { after, before, test, until } from './limits.js';
import { openSource } from './source.js';

let vite;
let root;
let ImportsPage;
let readView;

before(async () => {
  const window = new Window({ url: 'http://127.0.0.1/' });
  const { document, location, history, ResizeObserver } = window;
  Object.assign(globalThis, { window, document, location, history, ResizeObserver, innerHeight: 900, scrollBy() {} });
  for (const name of ['addEventListener', 'removeEventListener']) globalThis[name] = window[name].bind(window);
  vite = await openSource();
  ({ ImportsPage } = await vite.ssrLoadModule('/dashboard/ImportsPage.tsx'));
  ({ readView } = await vite.ssrLoadModule('/dashboard/view.ts'));
});
after(async () => {
  root?.unmount();
  await vite?.close();
});

/** The answer with imports `first` to `last`; `hasNextPage` says that there are more. */
function answer(first, last, hasNextPage) {
  const edges = [];
  for (let id = first; id <= last; id += 1) {
    edges.push({
      cursor: `c${id}`,
      node: {
        __typename: 'Import',
        id: `n${id}`,
        databaseId: String(id),
        fileName: `${id}.csv`,
        fileSize: '1',
        type: 'items',
        status: 'COMPLETE',
        note: null,
        createdAt: '2026-05-01T10:00:00Z',
        updatedAt: '2026-05-01T10:00:00Z',
        completedAt: null,
      },
    });
  }
  const pageInfo = { hasNextPage, hasPreviousPage: false, startCursor: `c${first}`, endCursor: `c${last}` };
  return { data: { imports: { estimatedRemainingCount: 40, perPage: edges.length, edges, pageInfo } } };
}

test('the list loads on where Relay declined to, once its own query is over', async () => {
  const asked = [];
  const network = Network.create((request, variables) =>
    Observable.create((sink) => {
      asked.push({ name: request.name, variables, sink });
    }),
  );
  const environment = new Environment({ network, store: new Store(new RecordSource()) });
  const container = document.body.appendChild(document.createElement('div'));
  const moves = { go() {}, mark() {} };
  const page = createElement(ImportsPage, { view: readView('').view, moves, onRefused() {} });
  const thrown = [];
  root = createRoot(container, { onUncaughtError: (error) => thrown.push(error) });
  root.render(
    createElement(RelayEnvironmentProvider, { environment }, createElement(Suspense, { fallback: 'Loading' }, page)),
  );
  const state = async () => {
    assert.deepEqual(thrown, []);
    return { asked: asked.map(({ name }) => name), text: container.textContent.slice(0, 40) };
  };

  await until('the first request', state, ({ asked }) => asked.length === 1);
  // The rows are there and the query isn't over: the list asks for the next page, and Relay declines.
  asked[0].sink.next(answer(1, 20, true));
  await until('the first rows', state, ({ text }) => text.startsWith('20 imports loaded'));
  assert.equal(asked.length, 1, 'Relay asked for a page while the query of the list ran');
  asked[0].sink.complete();
  await until('the request for the next page', state, ({ asked }) => asked.length === 2);
  assert.equal(asked[1].variables.after, 'c20');
  asked[1].sink.next(answer(21, 40, false));
  asked[1].sink.complete();
  await until('all rows', state, ({ text }) => text.startsWith('40 imports loaded'));
});
