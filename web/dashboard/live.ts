/**
 * A list that moves as its imports do.
 *
 * Takes a list and its loaded rows; follows the changes from where the list was read, and gives what to mark and what
 * waits. A row changes where it stands, and stays there while the list is read: nothing moves below a pointer. One that
 * has left the filter stays too, struck out and with its new status, as whoever looks at it wants to know what became of
 * it; it goes when nobody reads the list.
 */
import { useEffect, useMemo, useReducer, useRef, useState, type RefObject } from 'react';
import { fetchQuery, graphql } from 'react-relay';
import { commitLocalUpdate, ConnectionHandler, createOperationDescriptor, getRequest } from 'relay-runtime';
import detailQuery, { type ImportDetailQuery } from './__generated__/ImportDetailQuery.graphql';
import type { Edge } from './ImportsList';
import type { List } from './navigation';
import { followChanges, type Change, type Phase } from './stream';
import { toFilter, toSort } from './view';
import { NONE_WAIT, waitingOf, type Keys, type Waiting } from './waiting';

/** What the page has to do with a list's changes. */
export interface Feed {
  key: string;
  isPaused: boolean;
  onPhase(phase: Phase): void;
  /** Something changed that the counts of the list, or of its tabs, may tell. */
  onChange(): void;
  onExpired(): void;
}

export type Mark = 'changed' | 'joined' | 'left' | 'deleted';

export interface Live {
  /** By the imports' REST ids. */
  marks: ReadonlyMap<string, Mark>;
  waiting: Waiting;
  /** Rows that have left the list and may go. */
  left: string[];
  /** Whether the last rows that came or went did so by themselves, and not because the reader asked for more. */
  isByItself: RefObject<boolean>;
  /** Takes out the rows that have left the list. */
  clear(): void;
}

interface State {
  /** What changes said last of each import in the list, where that is not shown yet. */
  changed: Map<string, Keys>;
  left: Map<string, 'left' | 'deleted'>;
  marked: Map<string, 'changed' | 'joined'>;
}

/** Unit: milliseconds that a change is marked. */
const MARKED = 4000;
/** Unit: milliseconds in the background, after which the connection is given up until the page is looked at again. */
const HIDDEN_AFTER = 60_000;
/** Unit: imports; more that have left at once are struck out without being asked for. */
const MOST_ASKED = 20;
/** Unit: imports; when more wait, the list is read anew sooner than they are looked through. */
const MOST_WAITING = 10_000;
/** Unit: milliseconds between two summaries for screen readers, and from a change to the first one. */
const SAY_EVERY = 15_000;
const SAY_AFTER = 1000;

const SUBSCRIPTION = getRequest(graphql`
  subscription liveSubscription($after: String, $filter: ImportFilter) {
    importChanges(after: $after, filter: $filter) {
      cursor
      kind
      databaseId
      removedId
      import {
        id
        databaseId
        fileName
        fileSize
        type
        status
        note
        createdAt
        updatedAt
        completedAt
      }
    }
  }
`);
const BESIDE = getRequest(graphql`
  subscription liveBesideSubscription($filter: ImportFilter) {
    importChanges(filter: $filter) {
      cursor
    }
  }
`);

const OPERATION = createOperationDescriptor(SUBSCRIPTION, { after: null, filter: null });

interface Options {
  list: List;
  feed: Feed;
  /** Where the changes after the list's first page begin; empty where the service has none. */
  from: string;
  edges: readonly Edge[];
  hasNext: boolean;
  openId: string | null;
}

export function useLive({ list, feed, from, edges, hasNext, openId }: Options): Live {
  const { view, now, environment } = list;
  const state = useRef<State>({ changed: new Map(), left: new Map(), marked: new Map() });
  const [version, redraw] = useReducer((count: number) => count + 1, 0);
  const isByItself = useRef(false);
  const cursor = useRef(from);
  const wasLost = useRef(false);
  const say = useSummary();
  const keys = useKeys(edges);
  const latest = { edges, keys, openId, feed, hasNext };
  const current = useRef(latest);
  current.current = latest;

  const isHidden = useHidden();
  const isOn = from !== '' && !feed.isPaused && !isHidden;
  useEffect(() => {
    if (!isOn) return feed.onPhase(from === '' ? 'off' : feed.isPaused ? 'paused' : 'hidden');
    feed.onPhase('connecting');
    const { statuses } = view;
    return followChanges({
      key: feed.key,
      query: SUBSCRIPTION.params.text ?? '',
      variables: { filter: toFilter(view, now) },
      after: cursor.current,
      // The tabs count what other statuses have, too.
      beside: statuses.length
        ? {
            query: BESIDE.params.text ?? '',
            variables: { filter: toFilter({ ...view, statuses: [], isExcluding: false }, now) },
            onChange: () => current.current.feed.onChange(),
          }
        : null,
      onChanges: take,
      onPhase(phase) {
        // What changed while the connection was lost is told to the list, and not to the tabs beside it.
        if (phase === 'live' && wasLost.current) current.current.feed.onChange();
        wasLost.current = phase === 'lost';
        current.current.feed.onPhase(phase);
      },
      onExpired: () => current.current.feed.onExpired(),
    });
  }, [isOn]);

  function take(changes: Change[]) {
    const { edges, feed, openId, keys, hasNext } = current.current;
    const { changed, left, marked } = state.current;
    const shown = new Map(edges.map(({ node }) => [node.databaseId, node]));
    const gone: string[] = [];
    for (const change of changes) {
      const id = change.databaseId;
      const row = shown.get(id);
      if (change.import) {
        const isOther = !row || !sameFacts(row, change.import);
        if (isOther && row) marked.set(id, 'changed');
        if (isOther) say(row ? 'changed' : isNew(change.import, keys, hasNext) ? 'joined' : null, id);
        const { databaseId, createdAt, updatedAt } = change.import;
        // By other keys no row moves.
        if (row && view.sort.field !== 'updated_at') changed.delete(id);
        else changed.set(id, { databaseId, createdAt, updatedAt });
        left.delete(id);
        list.apply(OPERATION, { importChanges: change } as never);
      } else {
        changed.delete(id);
        marked.delete(id);
        // Kept whether or not it is shown: a page that is under way may still bring it.
        left.set(id, 'left');
        if (row) say('left', id);
        if (row || id === openId) gone.push(id);
      }
      cursor.current = change.cursor;
    }
    for (const id of gone.slice(0, MOST_ASKED)) ask(id);
    forgetMarks([...marked.keys()]);
    redraw();
    feed.onChange();
    if (changed.size > MOST_WAITING) feed.onExpired();
  }

  /** A change that takes an import out of the list does not say what became of it. */
  function ask(databaseId: string) {
    fetchQuery<ImportDetailQuery>(
      environment,
      detailQuery,
      { databaseId },
      { networkCacheConfig: { force: true } },
    ).subscribe({
      next({ importByDatabaseId: found }) {
        const { left } = state.current;
        if (found || !left.has(databaseId)) return;
        left.set(databaseId, 'deleted');
        redraw();
      },
      // The row is struck out all the same.
      error() {},
    });
  }

  const timers = useRef(new Map<string, ReturnType<typeof setTimeout>>());
  useEffect(() => () => timers.current.forEach((timer) => clearTimeout(timer)), []);
  function forgetMarks(ids: string[]) {
    for (const id of ids) {
      clearTimeout(timers.current.get(id));
      const forget = () => {
        state.current.marked.delete(id);
        redraw();
      };
      timers.current.set(id, setTimeout(forget, MARKED));
    }
  }

  const known = useRef<ReadonlySet<string> | null>(null);
  useEffect(() => {
    const before = known.current;
    known.current = new Set(edges.map(({ node }) => node.databaseId));
    if (!before || !isByItself.current) return;
    const joined = [...known.current].filter((id) => !before.has(id));
    for (const id of joined) state.current.marked.set(id, 'joined');
    forgetMarks(joined);
    if (joined.length) redraw();
  }, [edges]);

  return useMemo(() => {
    const { changed, left, marked } = state.current;
    const shown = new Set(edges.map(({ node }) => node.databaseId));
    const gone = [...left].filter(([id]) => shown.has(id));
    return {
      marks: new Map<string, Mark>([...marked, ...gone]),
      waiting: changed.size ? waitingOf(changed.values(), keys, view.sort, hasNext) : NONE_WAIT,
      left: gone.map(([id]) => id),
      isByItself,
      clear() {
        isByItself.current = true;
        const removed = new Set(gone.map(([id]) => id));
        const ids = edges.filter(({ node }) => removed.has(node.databaseId)).map(({ node }) => node.id);
        commitLocalUpdate(environment, (store) => {
          const filters = { filter: toFilter(view, now), sort: toSort(view.sort) };
          const connection = ConnectionHandler.getConnection(store.getRoot(), 'ImportsList_imports', filters);
          if (connection) for (const id of ids) ConnectionHandler.deleteNode(connection, id);
        });
      },
    };
  }, [version, edges, keys, hasNext]);
}

/** The keys of the rows as they were when each came with its page: a change in place moves no row. */
function useKeys(edges: readonly Edge[]): readonly Keys[] {
  const read = useRef(new Map<string, Keys>());
  return useMemo(() => {
    const before = read.current;
    read.current = new Map();
    return edges.map(({ cursor, node: { databaseId, createdAt, updatedAt } }) => {
      const name = `${databaseId} ${cursor}`;
      const keys = before.get(name) ?? { databaseId, createdAt, updatedAt };
      read.current.set(name, keys);
      return keys;
    });
  }, [edges]);
}

/** Whether an import that is not shown was added after all of those that are. */
function isNew({ databaseId }: { databaseId: string }, keys: readonly Keys[], hasNext: boolean): boolean {
  const known = keys.map((row) => BigInt(row.databaseId));
  const id = BigInt(databaseId);
  return !known.length || known.every((each) => id > each) || (!hasNext && !known.includes(id));
}

function sameFacts(a: object, b: object): boolean {
  const other = b as Record<string, unknown>;
  return Object.entries(a).every(([name, value]) => name.startsWith('__') || !(name in other) || other[name] === value);
}

/** Whether the page has been in the background for long. */
function useHidden(): boolean {
  const [isHidden, setIsHidden] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      clearTimeout(timer);
      if (document.visibilityState === 'hidden') timer = setTimeout(() => setIsHidden(true), HIDDEN_AFTER);
      else setIsHidden(false);
    };
    look();
    document.addEventListener('visibilitychange', look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, []);
  return isHidden;
}

type Said = 'changed' | 'joined' | 'left';

let lastSaid = -Infinity;

/** Gathers what changed and tells it to screen readers, at most every `SAY_EVERY`. */
function useSummary(): (what: Said | null, id: string) => void {
  const gathered = useRef(new Map<string, Said>());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (what, id) => {
    if (!what) return;
    // An import that is new and has changed since is a new one.
    if (what !== 'changed' || !gathered.current.has(id)) gathered.current.set(id, what);
    timer.current ??= setTimeout(
      () => {
        timer.current = undefined;
        lastSaid = performance.now();
        const region = document.getElementById('changes');
        if (region) region.textContent = summaryOf([...gathered.current.values()]);
        gathered.current.clear();
      },
      Math.max(SAY_AFTER, lastSaid + SAY_EVERY - performance.now()),
    );
  };
}

function summaryOf(all: Said[]): string {
  const count = (wanted: Said) => all.filter((each) => each === wanted).length;
  const parts = [
    [count('joined'), 'new'],
    [count('changed'), 'changed'],
    [count('left'), 'no longer in the list'],
  ].filter(([count]) => count);
  return `Imports: ${parts.map(([count, what]) => `${count} ${what}`).join(', ')}.`;
}
