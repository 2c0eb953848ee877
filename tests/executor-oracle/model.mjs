// What each root field means: a plain JavaScript model over rows in memory, which graphql-js resolves from.

import { GraphQLError } from 'graphql';
import { SORTS } from './rows.mjs';

const DEFAULT_SORT = 0;
const COUNT_CAP = 500;
const MOST_BUCKETS = 400;

export function rootValue({ viewer, imports, cursors, changesCursor }, statuses) {
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
      isSearchPartial: false,
      changesCursor,
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

  // By hours, days, weeks from Monday on and months of UTC.
  const overTime = ({ filter: given, by, from, to }) => {
    const keep = filter(given);
    const inTime = (row) => (!from || row.createdAt >= sixDigits(from)) && (!to || row.createdAt < sixDigits(to));
    const kept = imports.filter((row) => keep.admits(row) && inTime(row));
    const buckets = new Map();
    for (const row of kept) {
      const { start, end } = bucketOf(new Date(row.createdAt), by);
      if (!buckets.has(start)) buckets.set(start, { start, end, rows: [] });
      buckets.get(start).rows.push(row);
    }
    const all = [...buckets.values()].sort((left, right) => (left.start < right.start ? -1 : 1));
    if (from && all.length && countBuckets(from, all.at(-1).start, by) > MOST_BUCKETS) throw new GraphQLError('too many buckets');
    const list = all.slice(-MOST_BUCKETS);
    const isExact = list.length === all.length;
    return {
      buckets: list.map(({ start, end, rows }) => ({
        start,
        end,
        total: rows.length,
        byStatus: statuses
          .map((status) => ({ status, count: rows.filter((row) => row.status === status).length, capped: false }))
          .filter(({ count }) => count),
      })),
      total: list.reduce((sum, { rows }) => sum + rows.length, 0),
      isExact,
      reachedAt: isExact ? null : list[0].start,
    };
  };

  const node = (id) => (id === viewer.id ? account : (byId.get(id) ?? null));
  return {
    imports: connection,
    import: ({ id }) => byId.get(id) ?? null,
    importByDatabaseId: ({ databaseId }) => byDatabaseId.get(databaseId) ?? null,
    importStatusCounts: counts,
    importCounts: overTime,
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
    const { include, exclude } = list(given.status);
    const included = include ?? STATUSES.filter((status) => !exclude.includes(status));
    tests.push((row) => included.includes(row.status));
    echo.push({ status: { include: included, exclude } });
  }
  instants('createdAt');
  instants('updatedAt');
  if (given?.type) {
    const { include, exclude } = list(given.type);
    tests.push((row) => (include ? include.includes(row.type) : !exclude.includes(row.type)));
    echo.push({ type: { include, exclude } });
  }
  if (given?.fileName) {
    const { contains, startsWith } = given.fileName;
    const signs = [...(contains ?? startsWith)].map((sign) => `\\u{${sign.codePointAt(0).toString(16)}}`);
    if (!signs.length) throw new GraphQLError('no term');
    // Its flags fold case as Unicode's simple case folding does.
    const found = new RegExp((startsWith == null ? '' : '^') + signs.join(''), 'iu');
    tests.push((row) => found.test(row.fileName));
    echo.push({ fileName: { contains, startsWith } });
  }
  instants('completedAt');
  if (given?.isCompleted != null) {
    tests.push((row) => (row.completedAt != null) === given.isCompleted);
    echo.push({ isCompleted: given.isCompleted });
  }
  return { admits: (row) => tests.every((test) => test(row)), echo };

  function instants(column) {
    if (!given?.[column]) return;
    const { between, ...one } = given[column];
    const bounds = between ? { gte: between.gte, lt: between.lt } : one;
    for (const [operator, instant] of Object.entries(bounds)) {
      const text = sixDigits(instant);
      tests.push((row) => row[column] != null && OPERATORS[operator](row[column], text));
      echo.push({ [column]: { [operator]: text } });
    }
  }
}

const STATUSES = [
  'NEW',
  'QUEUED',
  'PROCESSING',
  'PARTIALLY_COMPLETE',
  'FAILED',
  'COMPLETE',
  'INCOMPLETE',
  'ROLLED_BACK',
  'ROLLING_BACK',
  'UNSUPPORTED',
];

// What is included, or excluded, each once.
function list(given) {
  const once = (items) => items && [...new Set(items)];
  const [include, exclude] = [once(given.include), once(given.exclude)];
  if (!(include ?? exclude).length) throw new GraphQLError('nothing listed');
  return { include, exclude };
}

function countBuckets(from, last, by) {
  let count = 0;
  for (let at = from; at <= last; at = bucketOf(new Date(at), by).end) count += 1;
  return count;
}

// The hour, day, week or month of an instant in UTC.
function bucketOf(date, by) {
  const [year, month, day, hour] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), date.getUTCHours()];
  const monday = day - ((date.getUTCDay() + 6) % 7);
  const [start, end] = {
    HOUR: [Date.UTC(year, month, day, hour), Date.UTC(year, month, day, hour + 1)],
    DAY: [Date.UTC(year, month, day), Date.UTC(year, month, day + 1)],
    WEEK: [Date.UTC(year, month, monday), Date.UTC(year, month, monday + 7)],
    MONTH: [Date.UTC(year, month), Date.UTC(year, month + 1)],
  }[by].map((at) => sixDigits(new Date(at).toISOString()));
  return { start, end };
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
