/** What waits to come into the list: how much it is, the button that lets it in, and when it comes in by itself. */
import { useEffect, useRef } from 'react';
import { formatCount } from './format';
import type { Feed, Live } from './live';
import type { Actions } from './navigation';
import type { Sort, View } from './view';
import type { Waiting } from './waiting';

/** Unit: imports; the most that come in with one page. */
const PAGE = 100;
/** Unit: milliseconds between two looks at whether the list is read. */
const LOOK_EVERY = 1000;
/** Unit: milliseconds between two loads of the whole list. */
const ANEW_EVERY = 10_000;
/** Unit: rows; a list that was read further down is not loaded anew by itself. */
const MOST_ROWS = 150;

interface Props {
  waiting: Waiting;
  sort: Sort;
  onShow(): void;
}

export function Newer({ waiting: { newer, others }, sort, onShow }: Props) {
  const isNewest = sort.descending;
  const parts = [
    newer.length && `${formatCount(newer.length)} ${isNewest ? 'newer' : 'before these'}`,
    others.length && `${formatCount(others.length)} ${newer.length ? 'moved' : 'moved or added'}`,
  ].filter(Boolean);
  return (
    <div className="newer">
      {parts.length > 0 && (
        <button type="button" className="button button-primary" onClick={onShow}>
          <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
            <path d="M8 13V3M3.5 7.5L8 3l4.5 4.5" />
          </svg>
          {parts.join(', ')}
        </button>
      )}
    </div>
  );
}

interface Options {
  live: Live;
  feed: Feed;
  actions: Actions;
  view: View;
  hasPrevious: boolean;
  rows: number;
  openId: string | null;
  load(towards: 'next' | 'previous', isByItself: boolean): void;
}

let lastAnew = -Infinity;

/** Lets in by itself what waits, while the list stands at its top and is not read. Gives what lets it in at once. */
export function useComeIn(options: Options): () => void {
  const current = useRef(options);
  current.current = options;
  const { live, feed } = options;
  const { newer, behind, others } = live.waiting;
  const isAny = newer.length > 0 || behind.length > 0 || others.length > 0 || live.left.length > 0;

  useEffect(() => {
    if (!isAny || feed.isPaused) return;
    const timer = setInterval(() => {
      const { live, actions, view, hasPrevious, rows, openId, load } = current.current;
      const { newer, behind, others } = live.waiting;
      // Rows at the end move none.
      if (behind.length && !newer.length && !others.length && rows) load('next', true);
      if (hasPrevious || openId !== null || isRead()) return;
      if (live.left.length) live.clear();
      if (rows && !others.length && newer.length && newer.length <= PAGE) return load('previous', true);
      const isMuch = others.length > 0 || newer.length > 0 || (!rows && behind.length > 0);
      if (!isMuch || view.after !== null || rows > MOST_ROWS || performance.now() - lastAnew < ANEW_EVERY) return;
      lastAnew = performance.now();
      actions.reload();
    }, LOOK_EVERY);
    return () => clearInterval(timer);
  }, [isAny, feed.isPaused]);

  return () => {
    const { live, actions, view, hasPrevious, rows, load } = current.current;
    const { newer, others } = live.waiting;
    document.querySelector('.table')?.scrollIntoView({ block: 'start' });
    document.getElementById('imports')?.focus({ preventScroll: true });
    if (rows && !hasPrevious && !others.length && newer.length <= PAGE) load('previous', true);
    else if (view.after !== null || hasPrevious) actions.jump({ sort: view.sort, after: null });
    else actions.reload();
  };
}

/** Whether somebody reads the list: has scrolled into it, points at a row, stands on one, or has chosen some text. */
function isRead(): boolean {
  if (document.visibilityState === 'hidden') return true;
  const body = document.querySelector('.rows');
  if (document.querySelector('dialog[open]')) return true;
  if (!body) return false;
  return (
    body.getBoundingClientRect().top < 0 ||
    // A finger that has been lifted hovers on.
    (matchMedia('(hover: hover)').matches && body.matches(':hover')) ||
    body.contains(document.activeElement) ||
    Boolean(getSelection()?.toString())
  );
}
