/** The first page of a list. */
import { graphql, useLazyLoadQuery } from 'react-relay';
import type { ImportsPageQuery } from './__generated__/ImportsPageQuery.graphql';
import { ImportsList, type OnRows } from './ImportsList';
import type { Feed } from './live';
import type { Actions, List } from './navigation';
import { toFilter, toSort, type View } from './view';

/** Unit: rows. Few enough to be there at once; the following pages are larger. */
const FIRST_PAGE = 50;

interface Props {
  list: List;
  feed: Feed;
  actions: Actions;
  /** The import whose details are open. */
  openId: string | null;
  onRows: OnRows;
  onRefused(): void;
}

export function ImportsPage({ list, ...rest }: Props) {
  const data = useLazyLoadQuery<ImportsPageQuery>(
    graphql`
      query ImportsPageQuery($first: Int, $after: String, $filter: ImportFilter, $sort: [ImportSort!]) {
        ...ImportsList_query @arguments(first: $first, after: $after)
      }
    `,
    firstPage(list.view, list.now),
    // Nothing is drawn before all is there. Relay would draw this component without rows, and leave it to the list to
    // wait for them: a request that fails between the two leaves a list without rows and without a failure.
    { UNSTABLE_renderPolicy: 'full' },
  );
  return <ImportsList query={data} list={list} {...rest} />;
}

/** The variables that load a view's first page. */
export function firstPage(view: View, now: number): ImportsPageQuery['variables'] {
  return { first: FIRST_PAGE, after: view.after, filter: toFilter(view, now), sort: toSort(view.sort) };
}
