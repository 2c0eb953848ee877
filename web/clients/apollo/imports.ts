/** Apollo Client: `relayStylePagination` merges the pages, `fetchMore` asks for them. */
import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { useQuery } from '@apollo/client/react';
import { relayStylePagination } from '@apollo/client/utilities';
import { graphql } from '../__generated__/gql';
import type { ImportFilter } from '../__generated__/graphql';

export function createClient(uri: string, key: string) {
  return new ApolloClient({
    link: new HttpLink({ uri, headers: { Authorization: `Bearer ${key}` } }),
    cache: new InMemoryCache({
      typePolicies: {
        // The arguments that make another list; without them the rows of two filters would be merged.
        Query: { fields: { imports: relayStylePagination(['filter', 'sort']) } },
      },
    }),
  });
}

// `relayStylePagination` merges `edges` and needs all four fields of `pageInfo`; it knows nothing of `nodes`.
const IMPORTS = graphql(`
  query ApolloImports($first: Int, $after: String, $last: Int, $before: String, $filter: ImportFilter) {
    imports(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      edges {
        cursor
        node {
          id
          databaseId
          fileName
          status
        }
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
`);

/** Forward: `{ first: 50 }` and `loadNext(50)`. Backward: `{ last: 50 }` and `loadPrevious(50)`. */
export function useImports(page: { first?: number; last?: number }, filter: ImportFilter | null = null) {
  const { data, error, loading, fetchMore } = useQuery(IMPORTS, {
    variables: { ...page, filter },
    notifyOnNetworkStatusChange: true,
  });
  const info = data?.imports?.pageInfo;
  return {
    rows: data?.imports?.edges.map((edge) => edge.node) ?? [],
    error,
    loading,
    hasNext: info?.hasNextPage ?? false,
    hasPrevious: info?.hasPreviousPage ?? false,
    // Variables given to `fetchMore` join those of the query: the other direction's size has to be taken away.
    // `relayStylePagination` makes '' of the null cursors of an empty list, and '' is no cursor.
    loadNext: (first: number) =>
      fetchMore({ variables: { first, after: info?.endCursor || undefined, last: undefined, before: undefined } }),
    loadPrevious: (last: number) =>
      fetchMore({ variables: { last, before: info?.startCursor || undefined, first: undefined, after: undefined } }),
  };
}
