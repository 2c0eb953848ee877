/** The list with Relay's own hooks, on answers that the test holds back: for what a browser meets by chance alone. */
import { Window } from 'happy-dom';
import assert from 'node:assert/strict';
import { afterEach } from 'node:test';
import { createElement, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { RelayEnvironmentProvider } from 'react-relay';
import { Environment, Network, Observable, RecordSource, Store } from 'relay-runtime';
import { after, before, test, until } from './limits.js';
import { openSource } from './source.js';

let vite;
let root;
let ImportsPage;
let Boundary;
let Failure;
let readView;

before(async () => {
  const window = new Window({ url: 'http://127.0.0.1/' });
  const { document, location, history, ResizeObserver } = window;
  Object.assign(globalThis, {
    window,
    document,
    location,
    history,
    ResizeObserver,
    innerHeight: 900,
    scrollY: 0,
    scrollBy() {},
  });
  for (const name of ['addEventListener', 'removeEventListener']) globalThis[name] = window[name].bind(window);
  vite = await openSource();
  ({ ImportsPage } = await vite.ssrLoadModule('/dashboard/ImportsPage.tsx'));
  ({ Boundary } = await vite.ssrLoadModule('/dashboard/Boundary.tsx'));
  ({ Failure } = await vite.ssrLoadModule('/page/failure.ts'));
  ({ readView } = await vite.ssrLoadModule('/dashboard/view.ts'));
});
after(() => vite?.close());
afterEach(() => root?.unmount());

/**
 * The answer with imports `first` to `last`; `hasNextPage` says that there are more, `reached` is where a search was cut.
 */
function answer(first, last, hasNextPage, reached = null) {
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
  const pageInfo = { hasNextPage, hasPreviousPage: false, startCursor: `c${first}`, endCursor: reached ?? `c${last}` };
  const isSearchPartial = reached !== null;
  return {
    data: {
      imports: {
        estimatedRemainingCount: 40,
        perPage: edges.length,
        isSearchPartial,
        changesCursor: '',
        edges,
        pageInfo,
      },
    },
  };
}

/** Draws the list of the page on a network whose requests the test answers; `asked` holds them. */
function openList(search = '') {
  const asked = [];
  const network = Network.create((request, variables) =>
    Observable.create((sink) => {
      if (request.name === 'SearchProgressQuery') {
        const nodes = page.reached[variables.after] ?? [];
        sink.next({ data: { imports: { nodes } } });
        return sink.complete();
      }
      asked.push({ name: request.name, variables, sink });
      if (page.isAway) sink.error(new Failure('UNREACHABLE', 'The service did not answer.'));
    }),
  );
  const environment = new Environment({ network, store: new Store(new RecordSource()) });
  const container = document.body.appendChild(document.createElement('div'));
  /** Where the list stands, whether each request fails at once, and what stands at cursors where a search was cut. */
  const page = { container, isAway: false, reached: {} };
  const actions = { go() {}, mark() {} };
  const thrown = [];
  root = createRoot(container, { onUncaughtError: (error) => thrown.push(error), onCaughtError() {} });
  const draw = () =>
    root.render(
      createElement(
        Boundary,
        { resetKey: 1, fallback: ({ code }) => `failed: ${code}` },
        createElement(
          Suspense,
          { fallback: 'Loading' },
          createElement(
            RelayEnvironmentProvider,
            { environment },
            createElement(ImportsPage, {
              list: { environment, apply() {}, serial: 1, view: readView(search).view, now: 0, attempt: 0, jump: 0 },
              // What lists have as they live is for the tests of a browser.
              feed: { key: '', isPaused: true, onPhase() {}, onChange() {}, onExpired() {} },
              actions,
              openId: null,
              onRows() {},
              onRefused() {},
            }),
          ),
        ),
      ),
    );
  const state = async () => {
    assert.deepEqual(thrown, []);
    return { asked: asked.map(({ name }) => name), text: container.textContent.slice(0, 40) };
  };
  return { asked, environment, draw, page, state };
}

test('the list loads on where Relay declined to, once its own query is over', async () => {
  const { asked, draw, state } = openList();
  draw();
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

test('a list whose request fails while it is drawn is one that failed, not one without imports', async () => {
  const { asked, environment, draw, state } = openList();
  const failure = new Failure('UNREACHABLE', 'The service did not answer.');
  // React may stop between two components, and the answer come in between: here, before the list reads its rows.
  const { lookup } = environment;
  let isOver = false;
  const fail = () => {
    if (isOver || !asked.length) return;
    isOver = true;
    asked[0].sink.error(failure);
  };
  environment.lookup = (selector, ...rest) => {
    if (selector.node.name === 'ImportsList_query') fail();
    return lookup.call(environment, selector, ...rest);
  };
  draw();
  await until('the first request', state, ({ asked }) => asked.length === 1);
  // Where no rows are read before they are there, the request fails later.
  await until('the list to wait, or to have failed', state, ({ text }) => isOver || text === 'Loading');
  fail();
  await until('what the page shows', state, ({ text }) => text !== 'Loading');
  assert.deepEqual((await state()).text, 'failed: UNREACHABLE');
});

test('a list whose next try fails at once counts down again', async () => {
  const { asked, draw, page, state } = openList();
  draw();
  await until('the first request', state, ({ asked }) => asked.length === 1);
  asked[0].sink.next(answer(1, 20, true));
  asked[0].sink.complete();
  await until('the request for the next page', state, ({ asked }) => asked.length === 2);
  page.isAway = true;
  asked[1].sink.error(new Failure('UNREACHABLE', 'The service did not answer.'));
  const timer = async () => page.container.querySelector('[role="timer"]')?.textContent ?? '';
  await until('the countdown', timer, (text) => text.startsWith('Trying again in'));
  page.container.querySelector('.error-panel button').click();
  await until('another try', state, ({ asked }) => asked.length === 3);
  await until('the countdown anew', timer, (text) => text.startsWith('Trying again in'), 20_000);
});

test('a search that is cut goes on by itself from where it was cut, until it is stopped or over', async () => {
  const { asked, draw, page, state } = openList('?q=fuel');
  const at = (day) => [{ id: 'x', __typename: 'Import', createdAt: `${day}T10:00:00Z`, updatedAt: `${day}T10:00:00Z` }];
  page.reached = { r1: at('2026-03-12'), r2: at('2026-02-03') };
  const text = async () => page.container.textContent;
  const press = (name) =>
    [...page.container.querySelectorAll('button')].find((one) => one.textContent === name).click();
  const reply = (index, ...what) => {
    asked[index].sink.next(answer(...what));
    asked[index].sink.complete();
  };
  draw();
  await until('the first request', state, ({ asked }) => asked.length === 1);
  assert.deepEqual(asked[0].variables.filter, { fileName: { contains: 'fuel' } });
  // Nothing among what was looked at.
  reply(0, 1, 0, true, 'r1');
  await until('the second request', state, ({ asked }) => asked.length === 2);
  assert.equal(asked[1].variables.after, 'r1');
  await until('how far it came', text, (shown) => shown.includes('Searched back to 12 Mar 2026'));
  press('Stop');
  await until('that it is stopped', text, (shown) => shown.includes('Search stopped. '));
  reply(1, 1, 3, true, 'r2');
  await until('what it had found', text, (shown) => shown.startsWith('3 imports loaded'));
  await until('how far it came', text, (shown) => shown.includes('Search stopped. Searched back to 03 Feb 2026'));
  assert.equal(asked.length, 2, 'a search that was stopped went on');
  press('Search on');
  await until('the third request', state, ({ asked }) => asked.length === 3);
  assert.equal(asked[2].variables.after, 'r2');
  reply(2, 4, 4, true, 'r3');
  await until('the fourth request', state, ({ asked }) => asked.length === 4);
  assert.equal(asked[3].variables.after, 'r3');
  await until('the rows of three pages', text, (shown) => shown.startsWith('4 imports loaded'));
  reply(3, 5, 4, false);
  await until('the end', text, (shown) => shown.includes('That is all of them.') && !shown.includes('Search'));
});

test('a search that is cut and finds nothing says so at its end', async () => {
  const { asked, draw, page, state } = openList('?q=fuel');
  const text = async () => page.container.textContent;
  draw();
  await until('the first request', state, ({ asked }) => asked.length === 1);
  asked[0].sink.next(answer(1, 0, true, 'r1'));
  asked[0].sink.complete();
  await until('the second request', state, ({ asked }) => asked.length === 2);
  await until('that it goes on', text, (shown) => shown.includes('Searching older imports…'));
  asked[1].sink.next(answer(1, 0, false));
  asked[1].sink.complete();
  await until('the end', text, (shown) => shown.includes('Nothing found') && shown.includes('“fuel”'));
});
