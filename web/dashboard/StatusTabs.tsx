/** The head of the page: whose imports these are, and one tab a status with its bounded count, as in "Complete 500+"; and the true total. */
import { useEffect, useRef, type ReactNode } from 'react';
import { fetchQuery, graphql, useLazyLoadQuery } from 'react-relay';
import query, { type ImportStatus, type StatusTabsQuery } from './__generated__/StatusTabsQuery.graphql';
import { Anchor } from './Anchor';
import { formatCount } from './format';
import { MOST_COUNTED, type Total } from './counts';
import type { List } from './navigation';
import { STATUSES, StatusIcon, statusName } from './status';
import { listOf, toFilter, type View } from './view';
import { MirrorLine } from './MirrorLine';

const MARGIN_PX = 32;

interface Count {
  count: number;
  capped: boolean;
}

interface Props {
  view: View;
  /** Of all statuses together; null while it is not known. */
  all: Total | null;
  onGo(change: Partial<View>): void;
}

interface LiveProps extends Props {
  list: List;
  /** How often it has changed by itself. */
  changes: number;
}

export function StatusTabs({ view, list, changes, all, onGo }: LiveProps) {
  // A tab says what choosing it would show, so the chosen statuses are no part of its count.
  const variables = { filter: toFilter({ ...list.view, statuses: [], isExcluding: false }, list.now) };
  const { viewer, importStatusCounts } = useLazyLoadQuery<StatusTabsQuery>(
    graphql`
      query StatusTabsQuery($filter: ImportFilter) {
        viewer {
          name
          ...MirrorLine_account
        }
        importStatusCounts(filter: $filter) {
          status
          count
          capped
        }
      }
    `,
    variables,
  );
  useEffect(() => {
    if (!changes) return;
    const request = fetchQuery<StatusTabsQuery>(list.environment, query, variables, {
      networkCacheConfig: { force: true },
      // Those that are shown are a little old; the next change asks again.
    }).subscribe({ error() {} });
    return () => request.unsubscribe();
  }, [changes]);
  const counts = new Map((importStatusCounts ?? []).map((entry) => [entry.status, entry]));
  return (
    <Tabs
      view={view}
      all={all}
      onGo={onGo}
      account={viewer?.name}
      counts={counts}
      mirror={viewer && <MirrorLine account={viewer} />}
    />
  );
}

/** The tabs without numbers: before these are there, or where they failed. */
StatusTabs.Plain = function PlainTabs(props: Props) {
  return <Tabs {...props} counts={new Map()} />;
};

interface TabsProps extends Props {
  account?: string;
  counts: Map<ImportStatus, Count>;
  /** How old the imports are. */
  mirror?: ReactNode;
}

function Tabs({ view, all, onGo, account, counts, mirror }: TabsProps) {
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a phone the tabs are one line that scrolls sideways.
    const chosen = nav.current?.querySelector<HTMLElement>('[aria-current]');
    if (nav.current && chosen) nav.current.scrollLeft = chosen.offsetLeft - nav.current.offsetLeft - MARGIN_PX;
  }, [view.statuses]);
  const total = all
    ? { count: all.isExact ? all.total : Math.min(all.total, MOST_COUNTED), capped: !all.isExact }
    : undefined;
  return (
    <>
      <h1 tabIndex={-1}>
        Imports <span className="account">{account}</span>
      </h1>
      {mirror}
      <nav ref={nav} className="tabs" aria-label="Status">
        <Tab view={view} statuses={[]} current={!view.statuses.length} name="All" count={total} onGo={onGo} />
        {STATUSES.map((status) => (
          <Tab
            key={status}
            view={view}
            statuses={[status]}
            current={!view.isExcluding && view.statuses.includes(status)}
            name={statusName(status)}
            icon={status}
            count={counts.get(status)}
            onGo={onGo}
          />
        ))}
      </nav>
    </>
  );
}

interface TabProps extends Omit<Props, 'all'> {
  statuses: ImportStatus[];
  current: boolean;
  name: string;
  icon?: ImportStatus;
  count: Count | undefined;
}

function Tab({ view, statuses, current, name, icon, count, onGo }: TabProps) {
  return (
    <Anchor
      id={`tab-${icon ?? 'all'}`}
      className={count?.count === 0 ? 'tab tab-empty' : 'tab'}
      view={{ ...listOf(view), statuses, isExcluding: false }}
      aria-current={current ? 'page' : undefined}
      onFollow={() => onGo({ statuses, isExcluding: false })}
    >
      {icon && <StatusIcon status={icon} />}
      {name}
      {count && (
        <span className="tab-count">
          {formatCount(count.count)}
          {count.capped && <span aria-label=" or more">+</span>}
        </span>
      )}
    </Anchor>
  );
}
