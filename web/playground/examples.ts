/**
 * Operations to start from. Each runs as it stands.
 *
 * Cursors and node ids belong to an account's data, so `variables` is given what the account's first page holds.
 */
import type { Operation } from '../page/operation';

/** What of the first page the examples need; null where the account is empty. */
export interface Sample {
  endCursor: string | null;
  nodeId: string | null;
}

export interface Example {
  title: string;
  about: string;
  /** The name of the one operation in `query`. */
  operation: string;
  query: string;
  variables(sample: Sample): object;
}

export const SAMPLE_QUERY = 'query Sample { imports(first: 10) { pageInfo { endCursor } nodes { id } } }';

const FIRST_PAGE = `# Imports of the key's account, newest first.
query FirstPage($first: Int!) {
  imports(first: $first) {
    estimatedRemainingCount
    edges {
      cursor
      node {
        databaseId
        fileName
        status
        createdAt
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`;

const NEXT_PAGE = `# The page after a cursor: pass the endCursor of the page before.
query NextPage($first: Int!, $after: String) {
  imports(first: $first, after: $after) {
    nodes {
      databaseId
      fileName
      status
    }
    pageInfo {
      hasNextPage
      hasPreviousPage
      startCursor
      endCursor
    }
  }
}
`;

const PREVIOUS_PAGE = `# Backward: the page before a cursor, or the end of the list where there is none.
query PreviousPage($last: Int!, $before: String) {
  imports(last: $last, before: $before) {
    nodes {
      databaseId
      fileName
      status
    }
    pageInfo {
      hasNextPage
      hasPreviousPage
      startCursor
    }
  }
}
`;

const FAILED_SINCE = `# Failed imports since a day, the latest change first. Any UTC offset will do.
query FailedSince($since: DateTime!) {
  imports(
    first: 20
    filter: { status: { include: [FAILED, INCOMPLETE] }, createdAt: { gte: $since } }
    sort: [{ updatedAt: DESC }]
  ) {
    estimatedRemainingCount
    filteredBy {
      status {
        include
      }
      createdAt {
        gte
      }
    }
    nodes {
      databaseId
      fileName
      status
      note
      updatedAt
    }
  }
}
`;

const STATUS_COUNTS = `# One bounded count for each status; capped means that there are more.
query StatusCounts($filter: ImportFilter) {
  viewer {
    name
  }
  importStatusCounts(filter: $filter) {
    status
    count
    capped
  }
}
`;

const REFETCH = `# Any object again, by its node id. Unknown ids give null.
query Refetch($id: ID!) {
  node(id: $id) {
    id
    ... on Import {
      databaseId
      fileName
      fileSize
      status
      updatedAt
      completedAt
    }
  }
}
`;

const CHANGES = `# What becomes of imports, as it happens, until it is stopped: one answer for each import that changes.
subscription Changes($after: String, $filter: ImportFilter) {
  importChanges(after: $after, filter: $filter) {
    cursor
    kind
    databaseId
    import {
      fileName
      status
      updatedAt
    }
  }
}
`;

export const EXAMPLES: Example[] = [
  {
    title: 'First page',
    about: 'The newest imports, with cursors and an estimate of how many there are.',
    operation: 'FirstPage',
    query: FIRST_PAGE,
    variables: () => ({ first: 10 }),
  },
  {
    title: 'Next page',
    about: 'What follows the first ten.',
    operation: 'NextPage',
    query: NEXT_PAGE,
    variables: ({ endCursor }) => ({ first: 10, after: endCursor }),
  },
  {
    title: 'Failed since a date',
    about: 'A filter and an order of your own.',
    operation: 'FailedSince',
    query: FAILED_SINCE,
    variables: () => ({ since: '2026-01-01T00:00:00Z' }),
  },
  {
    title: 'Backward paging',
    about: 'From the end of the list towards its start.',
    operation: 'PreviousPage',
    query: PREVIOUS_PAGE,
    variables: () => ({ last: 10, before: null }),
  },
  {
    title: 'Status counts',
    about: 'The numbers on the tabs of a dashboard.',
    operation: 'StatusCounts',
    query: STATUS_COUNTS,
    variables: () => ({ filter: null }),
  },
  {
    title: 'Node refetch',
    about: 'One import again, by its opaque id.',
    operation: 'Refetch',
    query: REFETCH,
    variables: ({ nodeId }) => ({ id: nodeId ?? '' }),
  },
  {
    title: 'Changes',
    about: 'A subscription to what changes from now on. The cursor of the last change resumes it.',
    operation: 'Changes',
    query: CHANGES,
    variables: () => ({ after: null, filter: null }),
  },
];

/** An example as the editor takes it. */
export function toOperation(example: Example, sample: Sample): Operation {
  return { query: example.query, variables: JSON.stringify(example.variables(sample), null, 2) };
}
