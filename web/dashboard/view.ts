/**
 * What the page shows, as its URL says it: filter, sort, the place in the list and the open import.
 *
 * Takes the query string; gives a `View` and one sentence for each part that could not be used. Reading never fails: a
 * part that makes no sense is dropped and named.
 */
import type { DateTimeFilter, ImportFilter, ImportSort, ImportStatus } from './__generated__/ImportsPageQuery.graphql';
import { STATUSES } from './status';

/** Whole days, both included, in UTC; either end may be open. */
export interface Days {
  from: string | null;
  to: string | null;
}

export type SortField = 'id' | 'created_at' | 'updated_at';

export interface Sort {
  field: SortField;
  descending: boolean;
}

export interface View {
  /** None is all of them. */
  statuses: ImportStatus[];
  created: Days;
  updated: Days;
  sort: Sort;
  /** The cursor after which the list starts. */
  after: string | null;
  /** The REST id of the import whose details are open. */
  importId: string | null;
}

export const DEFAULT_SORT: Sort = { field: 'id', descending: true };
const SORT_FIELDS: SortField[] = ['id', 'created_at', 'updated_at'];
const PARTS = ['status', 'created', 'updated', 'sort', 'after', 'import'];
const ANY_DAY: Days = { from: null, to: null };
export const EMPTY_VIEW: View = {
  statuses: [],
  created: ANY_DAY,
  updated: ANY_DAY,
  sort: DEFAULT_SORT,
  after: null,
  importId: null,
};

export function readView(search: string): { view: View; dropped: string[] } {
  const parameters = new URLSearchParams(search);
  const dropped: string[] = [];
  for (const name of new Set(parameters.keys())) {
    if (!PARTS.includes(name)) dropped.push(`There is nothing to choose by “${name}”.`);
    else if (parameters.getAll(name).length > 1) dropped.push(`Of several values of “${name}” the first one holds.`);
  }
  const view: View = {
    statuses: readStatuses(parameters.get('status'), dropped),
    created: readDays('created', parameters.get('created'), dropped),
    updated: readDays('updated', parameters.get('updated'), dropped),
    sort: readSort(parameters.get('sort'), dropped),
    after: parameters.get('after') || null,
    importId: readId(parameters.get('import'), dropped),
  };
  return { view, dropped };
}

/** The query string of a view, empty for the default one. */
export function writeView(view: View): string {
  const parts: string[] = [];
  if (view.statuses.length) parts.push(`status=${view.statuses.join(',').toLowerCase()}`);
  if (hasDays(view.created)) parts.push(`created=${writeDays(view.created)}`);
  if (hasDays(view.updated)) parts.push(`updated=${writeDays(view.updated)}`);
  if (!sameSort(view.sort, DEFAULT_SORT)) parts.push(`sort=${writeSort(view.sort)}`);
  if (view.after) parts.push(`after=${encodeURIComponent(view.after)}`);
  if (view.importId) parts.push(`import=${view.importId}`);
  return parts.length ? `?${parts.join('&')}` : '';
}

/** Whether two views are the same list, wherever one stands in it and whichever import is open. */
export function sameList(a: View, b: View): boolean {
  const list = (view: View) => writeView({ ...view, after: null, importId: null });
  return list(a) === list(b);
}

export function hasFilter(view: View): boolean {
  return view.statuses.length > 0 || hasDays(view.created) || hasDays(view.updated);
}

export function hasDays(days: Days): boolean {
  return days.from !== null || days.to !== null;
}

/** The `filter` argument; null where nothing is filtered. */
export function toFilter({
  statuses,
  created,
  updated,
}: Pick<View, 'statuses' | 'created' | 'updated'>): ImportFilter | null {
  const filter: ImportFilter = {
    ...(statuses.length && { status: { include: statuses } }),
    ...(hasDays(created) && { createdAt: toInstants(created) }),
    ...(hasDays(updated) && { updatedAt: toInstants(updated) }),
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

function readDays(name: string, text: string | null, dropped: string[]): Days {
  if (text === null) return ANY_DAY;
  const [from, to, ...rest] = text.split('..');
  const days: Days = { from: from || null, to: to || null };
  const sound = [days.from, days.to].every((day) => day === null || isDay(day));
  if (to === undefined || rest.length || !sound || !hasDays(days)) {
    dropped.push(`The ${name} dates “${text}” are not days of the calendar.`);
    return ANY_DAY;
  }
  if (days.from && days.to && days.from > days.to) {
    dropped.push(`The ${name} dates “${text}” end before they start.`);
    return ANY_DAY;
  }
  return days;
}

function writeDays({ from, to }: Days): string {
  return `${from ?? ''}..${to ?? ''}`;
}

function readId(text: string | null, dropped: string[]): string | null {
  if (text === null) return null;
  if (/^\d{1,19}$/.test(text)) return text;
  dropped.push(`“${text}” is not the id of an import.`);
  return null;
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text < '0001-01-01' || text >= '9999-12-31') return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function toInstants({ from, to }: Days): DateTimeFilter {
  const gte = from && midnight(from, 0);
  const lt = to && midnight(to, 1);
  // The filter takes exactly one operator; a range is an operator of its own.
  if (gte && lt) return { between: { gte, lt } } as DateTimeFilter;
  return (gte ? { gte } : { lt }) as DateTimeFilter;
}

function midnight(day: string, daysLater: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + daysLater);
  return date.toISOString().replace('.000Z', 'Z');
}
