/**
 * How far a search has come that the service cuts at a bound for each page.
 *
 * A cut page ends at a position, not at an import that was found. What stands there is asked for without a filter, as
 * cursors hold for every filter.
 */
import { useEffect, useState } from 'react';
import { fetchQuery, graphql, useRelayEnvironment } from 'react-relay';
import type { SearchProgressQuery } from './__generated__/SearchProgressQuery.graphql';
import { formatDate } from './format';
import { toSort, type Sort } from './view';

interface Props {
  /** As in "Searched back to 12 Mar 2026". */
  sentence: string;
  isStopped: boolean;
  onStop(): void;
  onGoOn(): void;
}

export function SearchProgress({ sentence, isStopped, onStop, onGoOn }: Props) {
  return (
    <div className="searching">
      <p>
        {isStopped && 'Search stopped. '}
        {sentence}
      </p>
      <button type="button" className="button" onClick={isStopped ? onGoOn : onStop}>
        {isStopped ? 'Search on' : 'Stop'}
      </button>
    </div>
  );
}

/** What to say of a search that was cut at a cursor: how far it has come, as far as that is known. */
export function useSearchedTo(cursor: string | null, sort: Sort): string {
  const environment = useRelayEnvironment();
  const [reached, setReached] = useState<string | null>(null);
  useEffect(() => {
    if (!cursor) return;
    const request = fetchQuery<SearchProgressQuery>(
      environment,
      graphql`
        query SearchProgressQuery($after: String, $sort: [ImportSort!]) {
          imports(first: 1, after: $after, sort: $sort) {
            nodes {
              createdAt
              updatedAt
            }
          }
        }
      `,
      { after: cursor, sort: toSort(sort) },
    ).subscribe({
      next: ({ imports }) => {
        const [at] = imports?.nodes ?? [];
        if (at) setReached(sort.field === 'updated_at' ? at.updatedAt : at.createdAt);
      },
      // The search itself fails for the same reasons, and says so.
      error: () => {},
    });
    return () => request.unsubscribe();
  }, [environment, cursor, sort]);
  if (!reached) return sort.descending ? 'Searching older imports…' : 'Searching newer imports…';
  return `Searched ${sort.descending ? 'back' : 'up'} to ${formatDate(reached)}`;
}
