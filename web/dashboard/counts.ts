/**
 * How many imports the filtered list has, in all and by day: for the chart and for the tab of all statuses.
 *
 * Takes a list and how often it has changed by itself; gives its counts once they are there, and those of the list before until then. They are asked for beside
 * the rows, which never wait for them.
 */
import { useEffect, useState } from 'react';
import { fetchQuery, graphql } from 'react-relay';
import { Failure } from '../page/failure';
import type { countsQuery, countsQuery$data, ImportCountBucket } from './__generated__/countsQuery.graphql';
import type { List } from './navigation';
import { ZONE } from './time';
import { toFilter } from './view';

export type Counts = NonNullable<countsQuery$data['importCounts']>;

export interface Total {
  total: number;
  /** Whether that is all; otherwise there are more. */
  isExact: boolean;
}

export interface ListCounts {
  counts: Counts;
  /** What the service counted by. */
  by: ImportCountBucket;
  /** The zone of its buckets: the viewer's, or UTC where the service does not know that one. */
  zone: string;
  /** Of the list without its filter on the status. */
  all: Total;
}

export interface CountsState {
  shown: ListCounts | null;
  /** Why those of this list are not there. */
  failure: Failure | null;
  /** Whether those that are shown are of the list before. */
  isBusy: boolean;
}

/** Unit: buckets; the most that an answer has. */
const MOST_BUCKETS = 400;
/** Unit: imports; the most that the service looks at. Fewer that are not all: the buckets were too many. */
export const MOST_COUNTED = 20_000;
/** So many days are shown as months, and no month is made of weeks: one of those is of two months. */
const COARSER: Partial<Record<ImportCountBucket, ImportCountBucket>> = { DAY: 'MONTH' };

/** The zone that the service is asked by. It may not know the viewer's, of which its own database may not have the name. */
let zone = ZONE.name;

export function useCounts(list: List, attempt: number, changes: number): CountsState {
  const [state, setState] = useState<CountsState & { of: List | null }>({
    shown: null,
    failure: null,
    isBusy: true,
    of: null,
  });
  useEffect(() => {
    let isOver = false;
    setState((now) => ({ ...now, failure: null }));
    count(list)
      .then((shown) => isOver || setState({ shown, failure: null, isBusy: false, of: list }))
      .catch((error: unknown) => {
        if (!(error instanceof Failure)) throw error;
        if (!isOver) setState({ shown: null, failure: error, isBusy: false, of: list });
      });
    return () => {
      isOver = true;
    };
  }, [list, attempt]);
  useEffect(() => {
    if (!changes) return;
    let isOver = false;
    count(list)
      .then((shown) => isOver || setState((now) => (now.of === list ? { ...now, shown, failure: null } : now)))
      // Those that are shown are a little old; the next change asks again.
      .catch((error: unknown) => {
        if (!(error instanceof Failure)) throw error;
      });
    return () => {
      isOver = true;
    };
    // A list that is new is asked for above.
  }, [changes]);
  return { ...state, isBusy: state.of !== list };
}

/** Counts by days, or by more where there are too many of them. */
async function count(list: List): Promise<ListCounts> {
  let by: ImportCountBucket = 'DAY';
  for (;;) {
    const found = await askBy(by, list);
    const { counts } = found;
    const isCutByBuckets = !counts.isExact && counts.buckets.length >= MOST_BUCKETS && counts.total < MOST_COUNTED;
    const coarser: ImportCountBucket | undefined = COARSER[by];
    if (!isCutByBuckets || !coarser) return found;
    by = coarser;
  }
}

async function askBy(by: ImportCountBucket, list: List): Promise<ListCounts> {
  const { view, now, environment } = list;
  const hasStatuses = view.statuses.length > 0;
  const variables = {
    filter: toFilter(view, now),
    allFilter: toFilter({ ...view, statuses: [], isExcluding: false }, now),
    by,
    timeZone: zone,
    hasStatuses,
  };
  try {
    const answer = await fetchQuery<countsQuery>(
      environment,
      graphql`
        query countsQuery(
          $filter: ImportFilter
          $allFilter: ImportFilter
          $by: ImportCountBucket!
          $timeZone: String!
          $hasStatuses: Boolean!
        ) {
          importCounts(filter: $filter, by: $by, timeZone: $timeZone) {
            total
            isExact
            reachedAt
            buckets {
              start
              total
              byStatus {
                status
                count
              }
            }
          }
          all: importCounts(filter: $allFilter, by: MONTH, timeZone: $timeZone) @include(if: $hasStatuses) {
            total
            isExact
          }
        }
      `,
      variables,
    ).toPromise();
    const counts = answer?.importCounts;
    if (!counts) throw new Failure('UNKNOWN', 'The service gave no counts.');
    return { counts, by, zone: variables.timeZone, all: answer.all ?? counts };
  } catch (error) {
    if (error instanceof Failure && error.argument === 'timeZone' && zone !== 'UTC') {
      zone = 'UTC';
      return askBy(by, list);
    }
    throw error;
  }
}
