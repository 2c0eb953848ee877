/** Relay: one connection that grows at both ends. */
import { graphql, useLazyLoadQuery, usePaginationFragment } from 'react-relay';
import { Environment, Network, RecordSource, Store } from 'relay-runtime';
import type { importsNextQuery } from './__generated__/importsNextQuery.graphql';
import type { imports_query$key } from './__generated__/imports_query.graphql';
import type { importsQuery } from './__generated__/importsQuery.graphql';

export function createEnvironment(url: string, key: string) {
  return new Environment({
    network: Network.create(async ({ text }, variables) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` },
        body: JSON.stringify({ query: text, variables }),
      });
      const answer = await response.json();
      // Relay hands out null for a field that failed and keeps the error to itself, so it is thrown here.
      if (answer.errors) throw new Error(answer.errors[0].message);
      return answer;
    }),
    store: new Store(new RecordSource()),
  });
}

/** Forward: `{ first: 50 }` and `loadNext(50)`. Backward: `{ last: 50 }` and `loadPrevious(50)`. */
export function useImports(
  page: { first?: number; last?: number },
  filter: importsQuery['variables']['filter'] = null,
) {
  const query = useLazyLoadQuery<importsQuery>(
    graphql`
      query importsQuery($first: Int, $last: Int, $filter: ImportFilter) {
        ...imports_query @arguments(first: $first, last: $last)
      }
    `,
    { ...page, filter },
  );
  const { data, ...paging } = usePaginationFragment<importsNextQuery, imports_query$key>(
    // `filters` names the arguments that make another list. Left out, Relay would take every argument but the four of
    // paging, which is the same here; an empty list would mix the rows of all filters.
    graphql`
      fragment imports_query on Query
      @refetchable(queryName: "importsNextQuery")
      @argumentDefinitions(
        first: { type: "Int" }
        after: { type: "String" }
        last: { type: "Int" }
        before: { type: "String" }
      ) {
        imports(first: $first, after: $after, last: $last, before: $before, filter: $filter)
          @connection(key: "imports_imports", filters: ["filter"]) {
          edges {
            node {
              id
              databaseId
              fileName
              status
            }
          }
        }
      }
    `,
    query,
  );
  return { rows: data.imports?.edges.map((edge) => edge.node) ?? [], ...paging };
}
