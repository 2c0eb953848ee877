/** The list: a Relay connection that grows at both ends, and what to say where it is empty or fails. */
import { useEffect, useRef, useState } from 'react';
import { graphql, usePaginationFragment } from 'react-relay';
import type { Disposable } from 'relay-runtime';
import { Failure } from '../page/failure';
import type { ImportsListPageQuery } from './__generated__/ImportsListPageQuery.graphql';
import type { ImportsList_query$data, ImportsList_query$key } from './__generated__/ImportsList_query.graphql';
import { formatCount } from './format';
import { ImportsTable } from './ImportsTable';
import { useLive, type Feed } from './live';
import { Newer, useComeIn } from './Newer';
import type { Actions, List } from './navigation';
import { useAnnounce } from './announce';
import { ErrorPanel } from './ErrorPanel';
import { SearchProgress, useSearchedTo } from './SearchProgress';
import { hasFilter, NO_FILTERS, type View } from './view';

/** Unit: rows; the most that the service gives at once. */
const NEXT_PAGE = 100;
/** Unit: milliseconds. Pages of a search follow each other faster than anyone can listen. */
const SAY_AFTER = 1000;

/** A loaded import and its place in the list. */
export interface Place {
  importId: string;
  cursor: string;
  type: string;
}

/** Told of the loaded imports, in their order, whenever they change. */
export type OnRows = (places: Place[]) => void;

export type Edge = NonNullable<ImportsList_query$data['imports']>['edges'][number];

const NO_EDGES: readonly Edge[] = [];

type Direction = 'next' | 'previous';

interface Props {
  query: ImportsList_query$key;
  list: List;
  feed: Feed;
  actions: Actions;
  openId: string | null;
  onRows: OnRows;
  onRefused(): void;
}

export function ImportsList({ query, list, feed, actions, openId, onRows, onRefused }: Props) {
  const { view } = list;
  const { data, hasNext, hasPrevious, isLoadingNext, isLoadingPrevious, loadNext, loadPrevious } =
    usePaginationFragment<ImportsListPageQuery, ImportsList_query$key>(
      // Relay merges pages into one connection as long as filter and sort stay the same: `filters` names those two, so
      // that the four paging arguments do not start another. All four are needed to grow at both ends.
      graphql`
        fragment ImportsList_query on Query
        @refetchable(queryName: "ImportsListPageQuery")
        @argumentDefinitions(
          first: { type: "Int" }
          after: { type: "String" }
          last: { type: "Int" }
          before: { type: "String" }
        ) {
          imports(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort)
            @connection(key: "ImportsList_imports", filters: ["filter", "sort"]) {
            estimatedRemainingCount
            perPage
            isSearchPartial
            changesCursor
            pageInfo {
              startCursor
              endCursor
            }
            edges {
              cursor
              node {
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
        }
      `,
      query,
    );
  const [failure, setFailure] = useState<Failure | null>(null);
  // Tells one failure from the next, as a try that fails at once is drawn together with what it replaces.
  const [failures, setFailures] = useState(0);
  const [direction, setDirection] = useState<Direction>('next');
  const [counted, setCounted] = useState<Direction>('next');
  const [isStopped, setIsStopped] = useState(false);
  // Set and read at once, unlike Relay's flags, which follow with the next render.
  const pending = useRef<Disposable | null>(null);
  // The cursors that pages were loaded from: a render may know that one has come and have the rows before it.
  const loadedFrom = useRef<Partial<Record<Direction, string | null>>>({});
  useEffect(() => () => pending.current?.dispose(), []);

  /** `isByItself`: for what has come since, and not because the reader goes on in the list. */
  function load(towards: Direction, isByItself = false) {
    const { startCursor, endCursor } = data.imports?.pageInfo ?? {};
    const from = (towards === 'next' ? endCursor : startCursor) ?? null;
    if (pending.current || (from && !isByItself && loadedFrom.current[towards] === from)) return;
    live.isByItself.current = isByItself;
    let over = false;
    let isAsked = false;
    const onComplete = (error: Error | null) => {
      over = true;
      pending.current = null;
      if (!error) {
        if (isAsked && !isByItself) loadedFrom.current[towards] = from;
        return setCounted(towards);
      }
      // Still counted as waiting, and tried again.
      if (isByItself) return;
      setFailures((count) => count + 1);
      setFailure(error instanceof Failure ? error : new Failure('UNKNOWN', error.message));
    };
    setFailure(null);
    setDirection(towards);
    const request = (towards === 'next' ? loadNext : loadPrevious)(NEXT_PAGE, { onComplete });
    isAsked = true;
    // While the list's own query runs, Relay loads nothing and completes before it returns: kept as pending, that would
    // bar every later load. The render that follows the query's end asks again.
    if (!over) pending.current = request;
  }

  const connection = data.imports;
  const edges = connection?.edges ?? NO_EDGES;
  // Of the page that the list was read by: pages that follow would lead past changes of the rows before them.
  const [from] = useState(connection?.changesCursor ?? '');
  const live = useLive({ list, feed, from, edges, hasNext, openId });
  const comeIn = useComeIn({ live, feed, actions, view, hasPrevious, rows: edges.length, openId, load });
  useEffect(
    () => onRows(edges.map(({ cursor, node }) => ({ importId: node.databaseId, cursor, type: node.type }))),
    [edges, onRows],
  );
  // An estimate counts from the page it came with, in its direction: one from above says nothing of what is below.
  const below = useRef('more to come');
  if (connection && direction === 'next' && counted === 'next') below.current = remaining(connection);
  const estimate = below.current;
  // A page that the search cut says so of its own direction.
  const cut = useRef({ next: false, previous: false });
  if (connection && direction === counted) cut.current[counted] = connection.isSearchPartial;
  const isSearching = cut.current.next && hasNext;
  const sentence = useSearchedTo(isSearching ? (connection?.pageInfo.endCursor ?? null) : null, view.sort);
  useEffect(() => {
    if (failure || isStopped) return;
    if (isSearching) load('next');
    else if (cut.current.previous && hasPrevious) load('previous');
  });
  const loaded = `${edges.length === 1 ? 'import' : 'imports'} loaded`;
  const follow = isSearching ? '' : hasNext ? `, ${estimate}` : '';
  const around = `${follow}${hasPrevious ? ', others above' : ''}`;
  const isNothing = !connection || (!edges.length && !hasPrevious && !hasNext);
  const summary = isNothing && view.fileName ? 'Nothing found' : `${formatCount(edges.length)} ${loaded}${around}`;
  const progress = `${summary}. ${isStopped ? 'Search stopped. ' : ''}${sentence}`;
  // What comes by itself is told in summaries, now and then.
  const announced = useRef(summary);
  if (!live.isByItself.current) announced.current = summary;
  useAnnounce(isSearching ? progress : announced.current, isSearching && !isStopped ? SAY_AFTER : 0);
  if (isNothing) return <Empty view={view} actions={actions} />;

  return (
    <>
      <p className="summary">
        <strong>{formatCount(edges.length)}</strong> {loaded}
        {around}
      </p>
      <Newer waiting={live.waiting} sort={view.sort} onShow={comeIn} />
      {hasPrevious && (
        <div className="above">
          <button
            type="button"
            className="button load-previous"
            aria-disabled={isLoadingPrevious}
            onClick={() => load('previous')}
          >
            {isLoadingPrevious ? 'Loading…' : 'Load the imports above these'}
          </button>
          <button type="button" className="button" onClick={() => actions.jump({ sort: view.sort, after: null })}>
            Back to the start
          </button>
        </div>
      )}
      {(edges.length > 0 || !isSearching) && (
        <ImportsTable
          edges={edges}
          view={view}
          live={live}
          hasNext={hasNext}
          hasPrevious={hasPrevious}
          actions={actions}
          openId={openId}
          onNearEnd={() => hasNext && !isSearching && !failure && load('next')}
        />
      )}
      {failure && (
        <ErrorPanel inline key={failures} failure={failure} onRefused={onRefused} onRetry={() => load(direction)} />
      )}
      {isSearching && !failure && (
        <SearchProgress
          sentence={sentence}
          isStopped={isStopped}
          onStop={() => setIsStopped(true)}
          onGoOn={() => setIsStopped(false)}
        />
      )}
      {hasNext && !isSearching && !failure && (
        <button type="button" className="button load-next" aria-disabled={isLoadingNext} onClick={() => load('next')}>
          {isLoadingNext ? 'Loading…' : `Load more (${estimate})`}
        </button>
      )}
      {!hasNext && <p className="end">That is all of them.</p>}
    </>
  );
}

/** The estimate counts the page that was fetched last, from its start on, and stops at 500. */
function remaining({ estimatedRemainingCount, perPage }: { estimatedRemainingCount: number; perPage: number }): string {
  const capped = estimatedRemainingCount >= 500;
  const count = formatCount(Math.max(1, estimatedRemainingCount - perPage));
  return capped ? `at least ${count} more` : `about ${count} more`;
}

function Empty({ view, actions }: { view: View; actions: Actions }) {
  const filtered = hasFilter(view);
  if (view.fileName) return <NothingFound view={view} actions={actions} />;
  return (
    <section className="empty">
      <svg viewBox="0 0 48 48" aria-hidden="true">
        <path d="M6 28l6-18h24l6 18v10a3 3 0 0 1-3 3H9a3 3 0 0 1-3-3zM6 28h11l2 5h10l2-5h11" />
      </svg>
      <h2>{filtered ? 'No import matches these filters' : 'This account has no imports yet'}</h2>
      <p>
        {filtered
          ? 'Another status or a wider span of dates may show some.'
          : 'Once the first one has started, it shows here.'}
      </p>
      {filtered && (
        <button type="button" className="button button-primary" onClick={() => actions.go(NO_FILTERS)}>
          Show all imports
        </button>
      )}
    </section>
  );
}

function NothingFound({ view, actions }: { view: View; actions: Actions }) {
  const isFilteredToo = hasFilter({ ...view, fileName: '' });
  return (
    <section className="empty">
      <svg viewBox="0 0 48 48" aria-hidden="true">
        <path d="M21 6a15 15 0 1 1 0 30a15 15 0 1 1 0-30M32 32l10 10" />
      </svg>
      <h2>Nothing found</h2>
      <p>
        No file name has “{view.fileName}” in it{isFilteredToo ? ' among the imports that match the other filters' : ''}
        .
      </p>
      <button type="button" className="button button-primary" onClick={() => actions.go({ fileName: '' })}>
        Clear the search
      </button>
    </section>
  );
}
