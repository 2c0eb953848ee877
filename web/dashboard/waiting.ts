/**
 * Which imports that have changed are not where the list's order has them.
 *
 * Takes what changes say and the rows as they stood when they were read; gives what waits before the first row, after the
 * last one, and in between. A row keeps its place while it is read: what moved counts as waiting too.
 */
import type { Sort } from './view';

/** What a list is sorted by. */
export interface Keys {
  databaseId: string;
  createdAt: string;
  updatedAt: string;
}

export interface Waiting {
  /** Before the first row. */
  newer: string[];
  /** After the last row of a list that ends there. */
  behind: string[];
  /** Between rows, or in another place than where they are shown. */
  others: string[];
}

export const NONE_WAIT: Waiting = { newer: [], behind: [], others: [] };

export function waitingOf(changed: Iterable<Keys>, rows: readonly Keys[], sort: Sort, hasNext: boolean): Waiting {
  const waiting: Waiting = { newer: [], behind: [], others: [] };
  const places = new Map(rows.map(({ databaseId }, index) => [databaseId, index]));
  const order = (a: Keys, b: Keys | undefined) => (b ? compare(a, b, sort) : 0);
  for (const change of changed) {
    const at = places.get(change.databaseId);
    const id = change.databaseId;
    // What has moved behind the last row may have moved past others that are not loaded.
    const next = at === rows.length - 1 && hasNext ? rows[at] : rows[at === undefined ? -1 : at + 1];
    const isInPlace = at !== undefined && order(change, rows[at - 1]) >= 0 && order(change, next) <= 0;
    if (isInPlace) continue;
    if (!rows.length || order(change, rows[0]) < 0) waiting.newer.push(id);
    else if (at !== undefined || order(change, rows.at(-1)) < 0) waiting.others.push(id);
    else if (!hasNext) waiting.behind.push(id);
    // Else it comes with the page that it is on.
  }
  return waiting;
}

/** Below zero where `a` comes first in the list. */
function compare(a: Keys, b: Keys, { field, descending }: Sort): number {
  const [x, y] =
    field === 'id' ? ['', ''] : field === 'created_at' ? [a.createdAt, b.createdAt] : [a.updatedAt, b.updatedAt];
  const ascending = sign(exact(x), exact(y)) || sign(BigInt(a.databaseId), BigInt(b.databaseId));
  return descending ? -ascending : ascending;
}

function sign<T>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** An instant in UTC with all its digits, so that the order of texts is that of time. The service leaves zeros out. */
function exact(at: string): string {
  const [seconds = '', fraction = ''] = at.replace('Z', '').split('.');
  return `${seconds}.${fraction.padEnd(6, '0')}`;
}
