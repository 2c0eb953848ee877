/**
 * The table. Rows of one height, of which only those in sight are drawn; cards on a phone, by style alone.
 *
 * The roles stand in the markup because styles that lay a table out as a grid take the native ones away.
 */
import { useEffect, useLayoutEffect, useRef, type MouseEvent, type RefObject } from 'react';
import { Anchor } from './Anchor';
import { formatFileName, formatRecentDate, formatSize, formatSpan, formatTime, formatType } from './format';
import type { Edge } from './ImportsList';
import type { Live, Mark } from './live';
import type { Actions } from './navigation';
import { useRowsInSight } from './rows';
import { StatusLabel } from './status';
import type { SortField, View } from './view';

interface Props {
  edges: readonly Edge[];
  view: View;
  live: Live;
  hasNext: boolean;
  hasPrevious: boolean;
  actions: Actions;
  openId: string | null;
  /** The reader is about to reach the last loaded row. */
  onNearEnd(): void;
}

/** Unit: rows. About a screen before the end, so that scrolling rarely meets it. */
const NEAR_END = 40;
/** Unit: milliseconds without scrolling. Browsers limit how often a page may write its URL. */
const MARK_AFTER = 250;

export function ImportsTable({ edges, view, live, hasNext, hasPrevious, actions, openId, onNearEnd }: Props) {
  const table = useRef<HTMLTableElement>(null);
  const body = useRef<HTMLTableSectionElement>(null);
  const span = useRowsInSight(body, edges.length);

  useEffect(() => {
    if (span.end >= edges.length - NEAR_END) onNearEnd();
  });
  useMark(edges, span.first, hasPrevious, view.after, actions);
  useSteadyScroll(edges, span.height, live.isByItself, body);
  useOpenInSight(body, edges, openId);

  useLayoutEffect(() => {
    // Another list starts at its first row, however far down the last one was.
    const above = table.current?.getBoundingClientRect().top ?? 0;
    if (above < 0) scrollBy(0, above);
  }, []);

  function open(event: MouseEvent, id: string) {
    // A click anywhere on a row opens it, unless it selects text or meets the row's own link.
    if (event.defaultPrevented || (event.target as Element).closest('a') || getSelection()?.toString()) return;
    actions.go({ importId: id });
  }

  return (
    <table
      ref={table}
      className="table"
      role="table"
      aria-label="Imports"
      aria-rowcount={hasNext || hasPrevious ? -1 : edges.length + 1}
    >
      <thead role="rowgroup">
        <tr role="row" aria-rowindex={1} className="row row-head">
          <SortableHead field="id" name="Import" className="cell-id" view={view} actions={actions} />
          <th role="columnheader" className="cell-file">
            File
          </th>
          <th role="columnheader" className="cell-status">
            Status
          </th>
          <th role="columnheader" className="cell-size">
            Size
          </th>
          <th role="columnheader" className="cell-note">
            Note
          </th>
          <SortableHead field="created_at" name="Created" className="cell-created" view={view} actions={actions} />
          <SortableHead field="updated_at" name="Updated" className="cell-updated" view={view} actions={actions} />
          <th role="columnheader" className="cell-duration">
            Duration
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup" ref={body} className="rows" style={{ '--rows': edges.length } as React.CSSProperties}>
        {edges.slice(span.start, span.end).map(({ node }, offset) => {
          const index = span.start + offset;
          return (
            <tr
              key={node.id}
              role="row"
              aria-rowindex={index + 2}
              className="row"
              data-live={live.marks.get(node.databaseId)}
              aria-current={node.databaseId === openId ? 'true' : undefined}
              data-import={node.databaseId}
              style={{ '--index': index } as React.CSSProperties}
              onClick={(event) => open(event, node.databaseId)}
            >
              <td role="cell" className="cell-id">
                {node.databaseId}
              </td>
              <td role="rowheader" className="cell-file">
                <Anchor
                  view={{ ...view, after: null, importId: node.databaseId }}
                  title={node.fileName}
                  dir="auto"
                  onFollow={() => actions.go({ importId: node.databaseId })}
                >
                  {formatFileName(node.fileName)}
                </Anchor>
                <span className="second" title={node.type}>
                  {formatType(node.type)}
                </span>
              </td>
              <td role="cell" className="cell-status">
                <StatusLabel status={node.status} />
                <LeftNote mark={live.marks.get(node.databaseId)} />
              </td>
              <td role="cell" className="cell-size">
                {formatSize(node.fileSize)}
              </td>
              <td role="cell" className="cell-note" title={node.note ?? undefined}>
                {node.note ?? <Nothing />}
              </td>
              <Instant className="cell-created" at={node.createdAt} />
              <Instant className="cell-updated" at={node.updatedAt} />
              <td role="cell" className="cell-duration">
                {formatSpan(node.createdAt, node.completedAt) ?? <Nothing />}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

interface SortableHeadProps {
  field: SortField;
  name: string;
  className: string;
  view: View;
  actions: Actions;
}

function SortableHead({ field, name, className, view, actions }: SortableHeadProps) {
  const sorted = view.sort.field === field;
  const descending = sorted && view.sort.descending;
  return (
    <th
      role="columnheader"
      className={className}
      aria-sort={sorted ? (descending ? 'descending' : 'ascending') : undefined}
    >
      <button
        type="button"
        id={`sort-${field}`}
        className="sort"
        onClick={() => actions.go({ sort: { field, descending: !descending } })}
      >
        {name}
        <svg className={sorted ? 'sort-mark' : 'sort-mark sort-mark-idle'} viewBox="0 0 10 10" aria-hidden="true">
          <path d={sorted && !descending ? 'M5 2l3.5 5h-7z' : 'M5 8L1.5 3h7z'} />
        </svg>
      </button>
    </th>
  );
}

function Instant({ className, at }: { className: string; at: string }) {
  return (
    <td role="cell" className={className}>
      <time dateTime={at} title={at}>
        {formatRecentDate(at, Date.now())} <span className="second">{formatTime(at)}</span>
      </time>
    </td>
  );
}

/** Beside the strike: a row that has left the list says so to those who do not see it. */
function LeftNote({ mark }: { mark: Mark | undefined }) {
  if (mark !== 'left' && mark !== 'deleted') return null;
  return <span className="unseen">{mark === 'deleted' ? ', deleted' : ', no longer in this list'}</span>;
}

function Nothing() {
  return (
    <span className="nothing">
      <span aria-hidden="true">–</span>
      <span className="unseen">none</span>
    </span>
  );
}

/** Keeps the cursor before the first row in sight in the URL, so that a reload or the back button starts there. */
function useMark(edges: readonly Edge[], first: number, hasPrevious: boolean, origin: string | null, actions: Actions) {
  const start = edges[0]?.node.id;
  const arrived = useRef(start);
  useEffect(() => {
    const timer = setTimeout(() => {
      const before = edges[Math.min(first, edges.length) - 1]?.cursor;
      if (before) actions.mark(before);
      else if (!hasPrevious) actions.mark(null);
      // On the first row of a list that goes on above: the link's own cursor, or the nearest one there is.
      else actions.mark(arrived.current === start ? origin : (edges[0]?.cursor ?? null));
    }, MARK_AFTER);
    return () => clearTimeout(timer);
  }, [edges, first, hasPrevious, origin, start, actions]);
}

/** Keeps the open row in sight beside its details, so that turning from one to the next moves and loads the list. */
function useOpenInSight(body: RefObject<HTMLElement | null>, edges: readonly Edge[], openId: string | null) {
  const isTurning = useRef(false);
  useLayoutEffect(() => {
    const wasOpen = isTurning.current;
    isTurning.current = openId !== null;
    const index = edges.findIndex(({ node }) => node.databaseId === openId);
    if (!wasOpen || index < 0 || !body.current) return;
    const { top, height } = body.current.getBoundingClientRect();
    const row = height / edges.length;
    const at = top + index * row;
    if (at < 2 * row) scrollBy(0, at - 2 * row);
    else if (at > innerHeight - 2 * row) scrollBy(0, at - innerHeight + 2 * row);
    // Only another import moves the list; rows that join it do not.
  }, [openId]);
}

/**
 * Rows that join at the top push the others down; scrolling by as much leaves the reader where they were. What stands
 * above the rows may go with them, as the button that loads them does at the start of the list.
 */
function useSteadyScroll(
  edges: readonly Edge[],
  rowHeight: number,
  isByItself: RefObject<boolean>,
  body: RefObject<HTMLElement | null>,
) {
  const top = useRef(edges[0]?.node.id);
  const stood = useRef(0);
  useLayoutEffect(() => {
    const inSight = body.current?.getBoundingClientRect().top ?? 0;
    const stands = inSight + scrollY;
    const added = edges.findIndex(({ node }) => node.id === top.current);
    // Those that come in by themselves, at the top, are there to be seen.
    const isSeen = isByItself.current && inSight >= 0;
    if (added > 0 && !isSeen) scrollBy(0, added * rowHeight + stands - stood.current);
    top.current = edges[0]?.node.id;
    // Of every render: the list draws what stands above the rows together with them.
    stood.current = stands;
  });
}
