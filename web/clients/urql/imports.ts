/** urql: Graphcache's `relayPagination` merges the pages; each page is the same query with another cursor. */
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { cacheExchange } from '@urql/exchange-graphcache';
import { useState } from 'react';
import { Client, fetchExchange, useQuery } from 'urql';
import { graphql } from '../__generated__/gql';
import type { ImportFilter, UrqlImportsQueryVariables } from '../__generated__/graphql';

export function createClient(url: string, key: string) {
  return new Client({
    url,
    // GET would put a query's variables into logs; the gateway takes both.
    preferGetMethod: false,
    fetchOptions: { headers: { Authorization: `Bearer ${key}` } },
    exchanges: [
      // `outwards`: what was loaded backward stands before what was loaded forward; by default it is the other way.
      cacheExchange({ resolvers: { Query: { imports: relayPagination({ mergeMode: 'outwards' }) } } }),
      fetchExchange,
    ],
  });
}

const IMPORTS = graphql(`
  query UrqlImports($first: Int, $after: String, $last: Int, $before: String, $filter: ImportFilter) {
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
  const [variables, setVariables] = useState<UrqlImportsQueryVariables>({ ...page, filter });
  const [{ data, error, fetching, stale }] = useQuery({ query: IMPORTS, variables });
  const info = data?.imports?.pageInfo;
  return {
    rows: data?.imports?.edges.map((edge) => edge.node) ?? [],
    error,
    loading: fetching || stale,
    hasNext: info?.hasNextPage ?? false,
    hasPrevious: info?.hasPreviousPage ?? false,
    // Whatever page is asked for, the cache answers with all of the list that it holds.
    loadNext: (first: number) => setVariables({ first, after: info?.endCursor, filter }),
    loadPrevious: (last: number) => setVariables({ last, before: info?.startCursor, filter }),
  };
}
