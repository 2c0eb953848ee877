/**
 * A span of time by which a list is filtered: whole days of the viewer's time zone, or one that moves with the clock.
 *
 * Takes and gives its text in the URL, as in "2026-05-01..2026-05-31" or "last_7_days"; gives the filter it stands for.
 */
import type { DateTimeFilter } from './__generated__/ImportsPageQuery.graphql';
import { formatDay } from './format';
import { addDays, dayOf, startOfDay, startOfWeek } from './time';

/** Spans that move with the clock, as people call them. */
export const PRESETS = {
  today: 'today',
  last_7_days: 'last 7 days',
  last_30_days: 'last 30 days',
  this_week: 'this week',
  this_month: 'this month',
  over_an_hour_ago: 'more than an hour ago',
};

export type Preset = keyof typeof PRESETS;

/** A preset, or days, both included, of which either may be open; never both. */
export interface Span {
  preset: Preset | null;
  from: string | null;
  to: string | null;
}

export const ANY_TIME: Span = { preset: null, from: null, to: null };
const HOUR_MS = 3_600_000;

export function hasSpan({ preset, from, to }: Span): boolean {
  return preset !== null || from !== null || to !== null;
}

/** The span of a text of the URL; what is no span is dropped, with a sentence that says so. */
export function readSpan(name: string, text: string | null, dropped: string[]): Span {
  if (text === null) return ANY_TIME;
  if (Object.hasOwn(PRESETS, text)) return { ...ANY_TIME, preset: text as Preset };
  const [from, to, ...rest] = text.split('..');
  const span: Span = { preset: null, from: from || null, to: to || null };
  const sound = [span.from, span.to].every((day) => day === null || isDay(day));
  if (to === undefined || rest.length || !sound || !hasSpan(span)) {
    dropped.push(`The ${name} dates “${text}” are not days of the calendar.`);
    return ANY_TIME;
  }
  if (span.from && span.to && span.from > span.to) {
    dropped.push(`The ${name} dates “${text}” end before they start.`);
    return ANY_TIME;
  }
  return span;
}

export function writeSpan({ preset, from, to }: Span): string {
  return preset ?? `${from ?? ''}..${to ?? ''}`;
}

/** As people read it, after a word such as "created". */
export function formatSpanOfDays({ preset, from, to }: Span): string {
  if (preset) return PRESETS[preset];
  if (from && to) return from === to ? `on ${formatDay(from)}` : `${formatDay(from)} to ${formatDay(to)}`;
  return from ? `since ${formatDay(from)}` : `until ${formatDay(to ?? '')}`;
}

/** The filter for a span at an instant, in milliseconds since 1970, where the viewer's zone is `zone`. */
export function toInstants(span: Span, now: number, zone: string): DateTimeFilter {
  if (span.preset === 'over_an_hour_ago') return { lt: instant(now - HOUR_MS) } as DateTimeFilter;
  const { from, to } = span.preset ? daysOf(span.preset, dayOf(now, zone)) : span;
  const gte = from && instant(startOfDay(from, zone));
  const lt = to && instant(startOfDay(addDays(to, 1), zone));
  // The filter takes exactly one operator; a range is an operator of its own.
  if (gte && lt) return { between: { gte, lt } } as DateTimeFilter;
  return (gte ? { gte } : { lt }) as DateTimeFilter;
}

function daysOf(preset: Exclude<Preset, 'over_an_hour_ago'>, today: string): Pick<Span, 'from' | 'to'> {
  const from = {
    today,
    last_7_days: addDays(today, -6),
    last_30_days: addDays(today, -29),
    this_week: startOfWeek(today),
    this_month: `${today.slice(0, 7)}-01`,
  }[preset];
  return { from, to: today };
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text < '0001-01-01' || text >= '9999-12-31') return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function instant(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
