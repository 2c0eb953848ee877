/**
 * What the page shows, as its URL says it: filter, sort, the place in the list and the open import.
 *
 * Takes the query string; gives a `View` and one sentence for each part that could not be used. Reading never fails: a
 * part that makes no sense is dropped and named. Spans of time are in `span.ts`.
 */
import type { ImportFilter, ImportSort, ImportStatus } from './__generated__/ImportsPageQuery.graphql';
import { ANY_TIME, hasSpan, readSpan, toInstants, writeSpan, type Span } from './span';
import { STATUSES } from './status';
import { ZONE } from './time';

export type SortField = 'id' | 'created_at' | 'updated_at';

export interface Sort {
  field: SortField;
  descending: boolean;
}

export interface View {
  /** None is all of them. */
  statuses: ImportStatus[];
  /** Whether these statuses are left out, rather than all others. */
  isExcluding: boolean;
  created: Span;
  updated: Span;
  sort: Sort;
  /** The cursor after which the list starts. */
  after: string | null;
  /** The REST id of the import whose details are open. */
  importId: string | null;
}

/** The part of a view that a list is filtered by. */
export type Filters = Omit<View, 'sort' | 'after' | 'importId'>;

export const DEFAULT_SORT: Sort = { field: 'id', descending: true };
const SORT_FIELDS: SortField[] = ['id', 'created_at', 'updated_at'];
const PARTS = ['status', 'status_not', 'created', 'updated', 'sort', 'after', 'import'];
export const NO_FILTERS: Filters = { statuses: [], isExcluding: false, created: ANY_TIME, updated: ANY_TIME };
export const EMPTY_VIEW: View = { ...NO_FILTERS, sort: DEFAULT_SORT, after: null, importId: null };

export function readView(search: string): { view: View; dropped: string[] } {
  const parameters = new URLSearchParams(search);
  const dropped: string[] = [];
  for (const name of new Set(parameters.keys())) {
    if (!PARTS.includes(name)) dropped.push(`There is nothing to choose by “${name}”.`);
    else if (parameters.getAll(name).length > 1) dropped.push(`Of several values of “${name}” the first one holds.`);
  }
  const included = readStatuses(parameters.get('status'), dropped);
  const excluded = readStatuses(parameters.get('status_not'), dropped);
  if (included.length && excluded.length) dropped.push('Statuses to leave out are of no use beside those to show.');
  if (excluded.length === STATUSES.length) {
    dropped.push('Without any status there are no imports.');
    excluded.length = 0;
  }
  const view: View = {
    statuses: included.length ? included : excluded,
    isExcluding: !included.length && excluded.length > 0,
    created: readSpan('created', parameters.get('created'), dropped),
    updated: readSpan('updated', parameters.get('updated'), dropped),
    sort: readSort(parameters.get('sort'), dropped),
    after: parameters.get('after') || null,
    importId: readId(parameters.get('import'), dropped),
  };
  return { view, dropped };
}

/** The query string of a view, empty for the default one. */
export function writeView(view: View): string {
  const parts: string[] = [];
  const status = view.isExcluding ? 'status_not' : 'status';
  if (view.statuses.length) parts.push(`${status}=${view.statuses.join(',').toLowerCase()}`);
  if (hasSpan(view.created)) parts.push(`created=${writeSpan(view.created)}`);
  if (hasSpan(view.updated)) parts.push(`updated=${writeSpan(view.updated)}`);
  if (!sameSort(view.sort, DEFAULT_SORT)) parts.push(`sort=${writeSort(view.sort)}`);
  if (view.after) parts.push(`after=${encodeURIComponent(view.after)}`);
  if (view.importId) parts.push(`import=${view.importId}`);
  return parts.length ? `?${parts.join('&')}` : '';
}

/** A view's list from its start, with no import open. */
export function listOf(view: View): View {
  return { ...view, after: null, importId: null };
}

/** Whether two views are the same list, wherever one stands in it and whichever import is open. */
export function sameList(a: View, b: View): boolean {
  return writeView(listOf(a)) === writeView(listOf(b));
}

export function hasFilter(view: Filters): boolean {
  return writeView({ ...EMPTY_VIEW, ...filtersOf(view) }) !== '';
}

function filtersOf({ statuses, isExcluding, created, updated }: Filters): Filters {
  return { statuses, isExcluding, created, updated };
}

/** The `filter` argument at an instant, in milliseconds since 1970; null where nothing is filtered. */
export function toFilter({ statuses, isExcluding, created, updated }: Filters, now: number, zone = ZONE.name) {
  const include = isExcluding ? STATUSES.filter((status) => !statuses.includes(status)) : statuses;
  const filter: ImportFilter = {
    ...(include.length && { status: { include } }),
    ...(hasSpan(created) && { createdAt: toInstants(created, now, zone) }),
    ...(hasSpan(updated) && { updatedAt: toInstants(updated, now, zone) }),
  };
  return Object.keys(filter).length ? filter : null;
}

/** The `sort` argument; null for the service's own order, newest id first. */
export function toSort(sort: Sort): ImportSort[] | null {
  if (sameSort(sort, DEFAULT_SORT)) return null;
  const direction = sort.descending ? 'DESC' : 'ASC';
  switch (sort.field) {
    case 'id':
      return [{ id: direction }];
    case 'created_at':
      return [{ createdAt: direction }];
    case 'updated_at':
      return [{ updatedAt: direction }];
  }
}

export function sameSort(a: Sort, b: Sort): boolean {
  return a.field === b.field && a.descending === b.descending;
}

export function writeSort(sort: Sort): string {
  return `${sort.field}.${sort.descending ? 'desc' : 'asc'}`;
}

export function readSort(text: string | null, dropped: string[] = []): Sort {
  if (text === null) return DEFAULT_SORT;
  const [name, direction, ...rest] = text.split('.');
  const field = SORT_FIELDS.find((known) => known === name);
  if (!field || (direction !== 'asc' && direction !== 'desc') || rest.length) {
    dropped.push(`The order “${text}” is not one this list knows.`);
    return DEFAULT_SORT;
  }
  return { field, descending: direction === 'desc' };
}

function readStatuses(text: string | null, dropped: string[]): ImportStatus[] {
  const statuses: ImportStatus[] = [];
  for (const word of text?.split(',') ?? []) {
    const status = STATUSES.find((known) => known === word.toUpperCase());
    if (!status) dropped.push(`The status “${word}” does not exist.`);
    else if (!statuses.includes(status)) statuses.push(status);
  }
  return statuses;
}

function readId(text: string | null, dropped: string[]): string | null {
  if (text === null) return null;
  if (/^\d{1,19}$/.test(text)) return text;
  dropped.push(`“${text}” is not the id of an import.`);
  return null;
}
