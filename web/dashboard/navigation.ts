/**
 * Where the page stands, kept in step with the browser's history.
 *
 * Takes link clicks, form choices and the back button; gives the list to show, with a Relay environment of its own, and
 * the open import. A list is loaded anew only when its filter or sort changes; opening an import leaves it alone.
 */
import { useEffect, useRef, useState } from 'react';
import { createEnvironment, type LiveEnvironment } from './environment';
import { readView, sameList, writeView, type View } from './view';

export interface List extends LiveEnvironment {
  /** Grows with each load; what React keys on. */
  serial: number;
  view: View;
  /** What spans that move with the clock are measured from. **Unit**: milliseconds since 1970. */
  now: number;
  /** How often it was asked for before, and failed. */
  attempt: number;
  /** Which jump led to where it starts; 0: none. */
  jump: number;
}

export interface PageState {
  list: List;
  importId: string | null;
  /** One sentence for each part of the link that could not be used. */
  dropped: string[];
}

export interface Actions {
  /** Goes to another view, as a new entry of the history. */
  go(change: Partial<View>): void;
  /** Searches file names. One entry of the history holds whatever is typed one after the other. */
  search(fileName: string): void;
  /** Goes to another place in the list, or in the same list in another order; `after` null is its start. */
  jump(change: Pick<View, 'sort' | 'after'>): void;
  /** Opens another import in the place of the open one, so that closing it still leads back to the list. */
  turnTo(importId: string): void;
  /** Closes the open import: back to the entry before it, or, where a link opened it, in its place. */
  close(): void;
  /** Loads the list again from its first page, or from where it started. */
  reload(): void;
  /** Loads the list again from where the reader is in it. */
  readAnew(): void;
  /** The same, because it failed. */
  retry(): void;
  /** Goes on without a part of the link that the service refused. */
  drop(change: Partial<View>, reason: string): void;
  /** Notes in the URL where in the list the reader is. */
  mark(after: string | null): void;
  dismiss(): void;
}

/** What an entry of the history keeps beside its URL. */
interface Entry {
  /** How it came to be: an import was opened from the list in the entry before, or a search is being typed. */
  how: 'opened' | 'typed' | null;
  /** That of its list: of the same list at two places the back button shows each. */
  jump: number;
}

let serial = 0;

export function useNavigation(key: string): [PageState, Actions] {
  const [state, setState] = useState(() => arrive(key));
  const shown = useRef(state);

  const [actions] = useState<Actions>(() => {
    const show = (next: PageState) => {
      shown.current = next;
      setState(next);
    };
    return {
      go(change) {
        const { view: now } = readView(location.search);
        const changed = { ...now, ...change };
        const isSame = sameList(now, changed);
        const view = isSame ? changed : { ...changed, after: null };
        const how = changed.importId && !now.importId ? 'opened' : null;
        history.pushState(entryOf(how, isSame ? entry().jump : 0), '', pageUrl(view));
        show(moveTo(shown.current, view, key));
      },
      search(fileName) {
        const { view: now } = readView(location.search);
        if (now.fileName === fileName) return;
        const view = { ...now, fileName, after: null };
        if (entry().how === 'typed') history.replaceState(entryOf('typed'), '', pageUrl(view));
        else history.pushState(entryOf('typed'), '', pageUrl(view));
        show(moveTo(shown.current, view, key));
      },
      jump(change) {
        const view = { ...readView(location.search).view, ...change };
        // Told apart from those of this page before it was loaded anew.
        history.pushState(entryOf(null, Date.now()), '', pageUrl(view));
        show({ ...shown.current, list: load(view, key), dropped: [] });
      },
      turnTo(importId) {
        const view = { ...readView(location.search).view, importId };
        history.replaceState(history.state, '', pageUrl(view));
        show(moveTo(shown.current, view, key));
      },
      close() {
        if (entry().how === 'opened') return history.back();
        const view = { ...readView(location.search).view, importId: null };
        history.replaceState(entryOf(null, entry().jump), '', pageUrl(view));
        show(moveTo(shown.current, view, key));
      },
      reload() {
        show({ ...shown.current, list: load(shown.current.list.view, key) });
      },
      readAnew() {
        show({ ...shown.current, list: load(readView(location.search).view, key) });
      },
      retry() {
        const { view, attempt } = shown.current.list;
        show({ ...shown.current, list: { ...load(view, key), attempt: attempt + 1 } });
      },
      drop(change, reason) {
        const { list, importId, dropped } = shown.current;
        const view = { ...list.view, importId, ...change };
        history.replaceState(null, '', pageUrl(view));
        show({ list: load(view, key), importId: view.importId, dropped: [...dropped, reason] });
      },
      mark(after) {
        const { view } = readView(location.search);
        if (view.after !== after) history.replaceState(history.state, '', pageUrl({ ...view, after }));
      },
      dismiss() {
        show({ ...shown.current, dropped: [] });
      },
    };
  });

  useEffect(() => {
    // The list is virtual and starts at the URL's cursor; the browser's own idea of a scroll offset would fight it.
    history.scrollRestoration = 'manual';
    const onPop = () => {
      const { view, dropped } = readView(location.search);
      shown.current = { ...moveTo(shown.current, view, key), dropped };
      setState(shown.current);
    };
    addEventListener('popstate', onPop);
    return () => removeEventListener('popstate', onPop);
  }, [key]);

  return [state, actions];
}

function arrive(key: string): PageState {
  const { view, dropped } = readView(location.search);
  // What the page shows is what its URL says, so that a copied link says the same.
  if (dropped.length) history.replaceState(null, '', pageUrl(view));
  return { list: load(view, key), importId: view.importId, dropped };
}

function moveTo(current: PageState, view: View, key: string): PageState {
  const isSame = sameList(current.list.view, view) && current.list.jump === entry().jump;
  const list = isSame ? current.list : load(view, key);
  return { list, importId: view.importId, dropped: [] };
}

function load(view: View, key: string): List {
  serial += 1;
  return { serial, view, now: Date.now(), ...createEnvironment(key), attempt: 0, jump: entry().jump };
}

/** The state of the history's entry; another page's or version's counts as none. */
function entry(): Entry {
  const { how, jump } = (history.state ?? {}) as Partial<Entry>;
  return entryOf(how === 'opened' || how === 'typed' ? how : null, typeof jump === 'number' ? jump : 0);
}

function entryOf(how: Entry['how'], jump = 0): Entry {
  return { how, jump };
}

function pageUrl(view: View): string {
  return `${location.pathname}${writeView(view)}`;
}
