// What each root field means: a plain JavaScript model over rows in memory, which graphql-js resolves from.

import { GraphQLError } from 'graphql';
import { SORTS } from './rows.mjs';

const DEFAULT_SORT = 0;
const COUNT_CAP = 500;

export function rootValue({ viewer, imports, cursors }, statuses) {
  const byId = new Map(imports.map((row) => [row.id, { __typename: 'Import', ...row }]));
  const byDatabaseId = new Map(imports.map((row) => [row.databaseId, row]));
  const account = { __typename: 'Account', ...viewer };
  const positions = new Map();
  cursors.forEach((ofRow, sort) => {
    for (const [databaseId, cursor] of ofRow) {
      positions.set(cursor, { sort, row: byDatabaseId.get(databaseId) });
    }
  });

  const sorted = SORTS.map((sort) => [...imports].sort(comparison(sort)));

  const position = (cursor) => {
    if (cursor == null) return null;
    const found = positions.get(cursor);
    if (!found) throw new GraphQLError('no cursor');
    return found;
  };

  const connection = (args) => {
    const { forward, size } = pageSize(args);
    const keep = filter(args.filter);
    const [after, before] = [position(args.after), position(args.before)];
    const asked = args.sort?.length ? sortIndex(args.sort) : args.sort ? DEFAULT_SORT : null;
    const sort = asked ?? after?.sort ?? before?.sort ?? DEFAULT_SORT;
    if ([after, before].some((given) => given && given.sort !== sort)) {
      throw new GraphQLError('a cursor of another sort');
    }
    const compare = comparison(SORTS[sort]);
    const list = sorted[sort].filter(keep.admits);
    let low = after ? list.filter((row) => compare(row, after.row) <= 0).length : 0;
    let high = before ? list.filter((row) => compare(row, before.row) < 0).length : list.length;
    if (after && before && compare(after.row, before.row) >= 0) {
      high = low;
    }
    const count = high - low;
    if (forward) {
      high = Math.min(high, low + size);
    } else {
      low = Math.max(low, high - size);
    }
    const rows = list.slice(low, high);
    const cursor = (row) => cursors[sort].get(row.databaseId);
    return {
      edges: rows.map((row) => ({ cursor: cursor(row), node: row })),
      nodes: rows,
      pageInfo: {
        hasNextPage: high < list.length,
        hasPreviousPage: low > 0,
        startCursor: rows.length ? cursor(rows[0]) : null,
        endCursor: rows.length ? cursor(rows.at(-1)) : null,
      },
      estimatedRemainingCount: Math.min(count, COUNT_CAP),
      perPage: size,
      filteredBy: keep.echo,
      sortedBy: SORTS[sort],
    };
  };

  const counts = (args) => {
    const keep = filter(args.filter);
    const kept = imports.filter(keep.admits);
    return statuses.map((status) => {
      const count = kept.filter((row) => row.status === status).length;
      return { status, count: Math.min(count, COUNT_CAP), capped: count > COUNT_CAP };
    });
  };

  const node = (id) => (id === viewer.id ? account : (byId.get(id) ?? null));
  return {
    imports: connection,
    import: ({ id }) => byId.get(id) ?? null,
    importByDatabaseId: ({ databaseId }) => byDatabaseId.get(databaseId) ?? null,
    importStatusCounts: counts,
    node: ({ id }) => node(id),
    nodes: ({ ids }) => ids.map(node),
    viewer: account,
  };
}

function pageSize({ first, last, after, before }) {
  if (first != null && last != null) throw new GraphQLError('both sizes');
  const forward = last == null && (first != null || before == null || after != null);
  const size = first ?? last ?? 50;
  if (size < 0 || size > 100) throw new GraphQLError('no size');
  return { forward, size };
}

// A filter, and its echo.
function filter(given) {
  const tests = [];
  const echo = [];
  if (given?.status) {
    const include = [...new Set(given.status.include)];
    if (!include.length) throw new GraphQLError('no status');
    tests.push((row) => include.includes(row.status));
    echo.push({ status: { include } });
  }
  for (const column of ['createdAt', 'updatedAt']) {
    if (!given?.[column]) continue;
    const { between, ...one } = given[column];
    const bounds = between ? { gte: between.gte, lt: between.lt } : one;
    for (const [operator, instant] of Object.entries(bounds)) {
      const text = sixDigits(instant);
      tests.push((row) => OPERATORS[operator](row[column], text));
      echo.push({ [column]: { [operator]: text } });
    }
  }
  return { admits: (row) => tests.every((test) => test(row)), echo };
}

// Instants in UTC with six digits of a second: their order is that of their texts.
const OPERATORS = {
  lt: (left, right) => left < right,
  lte: (left, right) => left <= right,
  gt: (left, right) => left > right,
  gte: (left, right) => left >= right,
};

function sixDigits(instant) {
  const [, seconds, fraction = ''] = /^([^.Z]*)(?:\.(\d*))?Z$/.exec(instant);
  return `${seconds}.${fraction.padEnd(6, '0')}Z`;
}

function sortIndex(sort) {
  const text = JSON.stringify(sort);
  const index = SORTS.findIndex((known) => JSON.stringify(known) === text);
  if (index < 0) throw new GraphQLError('a key twice');
  return index;
}

// The order of a sort: `id` follows in the direction of its last key.
function comparison(sort) {
  const keys = sort.map((key) => Object.entries(key)[0]);
  keys.push(['id', keys.at(-1)[1]]);
  return (left, right) => {
    for (const [name, direction] of keys) {
      const [one, other] = name === 'id' ? [Number(left.databaseId), Number(right.databaseId)] : [left[name], right[name]];
      if (one !== other) return (one < other ? -1 : 1) * (direction === 'ASC' ? 1 : -1);
    }
    return 0;
  };
}
