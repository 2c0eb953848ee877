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
  /** As the service writes them; none is all of them. */
  types: string[];
  /** Whether these types are left out, rather than all others. */
  isExcludingTypes: boolean;
  /** Whether imports have ended; null: whether or not. */
  isCompleted: boolean | null;
  created: Span;
  updated: Span;
  /** What the names of files have in them, whatever the case; empty: anything. */
  fileName: string;
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
/** Unit: characters. */
export const MAX_TERM = 256;
const PARTS = [
  'status',
  'status_not',
  'type',
  'type_not',
  'completed',
  'created',
  'updated',
  'q',
  'sort',
  'after',
  'import',
];
/** A type may have any character in it, a comma too: each stands by itself. */
const REPEATED = ['type', 'type_not'];
export const NO_FILTERS: Filters = {
  statuses: [],
  isExcluding: false,
  types: [],
  isExcludingTypes: false,
  isCompleted: null,
  created: ANY_TIME,
  updated: ANY_TIME,
  fileName: '',
};
export const EMPTY_VIEW: View = { ...NO_FILTERS, sort: DEFAULT_SORT, after: null, importId: null };

export function readView(search: string): { view: View; dropped: string[] } {
  const parameters = new URLSearchParams(search);
  const dropped: string[] = [];
  for (const name of new Set(parameters.keys())) {
    if (!PARTS.includes(name)) dropped.push(`There is nothing to choose by “${name}”.`);
    else if (parameters.getAll(name).length > 1 && !REPEATED.includes(name))
      dropped.push(`Of several values of “${name}” the first one holds.`);
  }
  const included = readStatuses(parameters.get('status'), dropped);
  const excluded = readStatuses(parameters.get('status_not'), dropped);
  if (included.length && excluded.length) dropped.push('Statuses to leave out are of no use beside those to show.');
  if (excluded.length === STATUSES.length) {
    dropped.push('Without any status there are no imports.');
    excluded.length = 0;
  }
  const [types, typesLeftOut] = REPEATED.map((name) => [...new Set(parameters.getAll(name).filter(Boolean))]) as [
    string[],
    string[],
  ];
  if (types.length && typesLeftOut.length) dropped.push('Types to leave out are of no use beside those to show.');
  const view: View = {
    statuses: included.length ? included : excluded,
    isExcluding: !included.length && excluded.length > 0,
    types: types.length ? types : typesLeftOut,
    isExcludingTypes: !types.length && typesLeftOut.length > 0,
    isCompleted: readCompleted(parameters.get('completed'), dropped),
    created: readSpan('created', parameters.get('created'), dropped),
    updated: readSpan('updated', parameters.get('updated'), dropped),
    fileName: readTerm(parameters.get('q') ?? '', dropped),
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
  const type = view.isExcludingTypes ? 'type_not' : 'type';
  for (const each of view.types) parts.push(`${type}=${encodeURIComponent(each)}`);
  if (view.isCompleted !== null) parts.push(`completed=${view.isCompleted ? 'yes' : 'no'}`);
  if (hasSpan(view.created)) parts.push(`created=${writeSpan(view.created)}`);
  if (hasSpan(view.updated)) parts.push(`updated=${writeSpan(view.updated)}`);
  if (view.fileName) parts.push(`q=${encodeURIComponent(view.fileName)}`);
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
  return writeView({ ...view, sort: DEFAULT_SORT, after: null, importId: null }) !== '';
}

/** The `filter` argument at an instant, in milliseconds since 1970; null where nothing is filtered. */
export function toFilter(filters: Filters, now: number, zone = ZONE.name): ImportFilter | null {
  const { statuses, types, isCompleted, created, updated, fileName } = filters;
  const filter: ImportFilter = {
    ...(statuses.length && { status: filters.isExcluding ? { exclude: statuses } : { include: statuses } }),
    ...(hasSpan(created) && { createdAt: toInstants(created, now, zone) }),
    ...(hasSpan(updated) && { updatedAt: toInstants(updated, now, zone) }),
    ...(types.length && { type: filters.isExcludingTypes ? { exclude: types } : { include: types } }),
    ...(fileName && { fileName: { contains: fileName } }),
    ...(isCompleted !== null && { isCompleted }),
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

function readCompleted(text: string | null, dropped: string[]): boolean | null {
  if (text === null) return null;
  if (text === 'yes' || text === 'no') return text === 'yes';
  dropped.push(`Whether imports have ended is “yes” or “no”, not “${text}”.`);
  return null;
}

function readTerm(text: string, dropped: string[]): string {
  if ([...text].length <= MAX_TERM) return text;
  dropped.push(`A search has at most ${MAX_TERM} characters.`);
  return '';
}

function readId(text: string | null, dropped: string[]): string | null {
  if (text === null) return null;
  if (/^\d{1,19}$/.test(text)) return text;
  dropped.push(`“${text}” is not the id of an import.`);
  return null;
}
