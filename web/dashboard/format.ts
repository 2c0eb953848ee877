/**
 * Sizes, instants and spans of time as people read them.
 *
 * Instants are shown in the viewer's time zone, like the filters that select them.
 */
import { addDays, dayOf, ZONE } from './time';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
const DAY = { day: '2-digit', month: 'short', year: 'numeric' } as const;
const DAY_ALONE = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...DAY });
const DATE = new Intl.DateTimeFormat('en-GB', { timeZone: ZONE.name, ...DAY });
const DAY_OF_MONTH = new Intl.DateTimeFormat('en-GB', { timeZone: ZONE.name, day: '2-digit', month: 'short' });
const WEEKDAY = new Intl.DateTimeFormat('en-GB', { timeZone: ZONE.name, weekday: 'short' });
const TIME = new Intl.DateTimeFormat('en-GB', { timeZone: ZONE.name, hour: '2-digit', minute: '2-digit' });
const COUNT = new Intl.NumberFormat('en');

export function formatCount(count: number): string {
  return COUNT.format(count);
}

/** Unit: bytes, as a decimal string that may exceed 2^53; three digits are plenty for reading. */
export function formatSize(bytes: string): string {
  let size = Number(bytes);
  let unit = 0;
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || size >= 99.5 ? 0 : 1;
  return `${size.toFixed(digits)} ${UNITS[unit]}`;
}

/** A day of the calendar, as in "2026-05-01". */
export function formatDay(day: string): string {
  return DAY_ALONE.format(Date.parse(day));
}

export function formatDate(instant: string): string {
  return DATE.format(new Date(instant));
}

/** As people speak of it: a day of the week before `now`, in milliseconds since 1970, is a "Tue 24 Nov", without a year. */
export function formatRecentDate(instant: string, now: number): string {
  const [day, today] = [dayOf(Date.parse(instant)), dayOf(now)];
  if (day > today || day < addDays(today, -7)) return formatDate(instant);
  const date = new Date(instant);
  return `${WEEKDAY.format(date)} ${DAY_OF_MONTH.format(date)}`;
}

export function formatTime(instant: string): string {
  return TIME.format(new Date(instant));
}

/** An age in whole seconds, in its largest unit: seconds up to two minutes, hours from two hours on, days from two days on. */
export function formatAge(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}

/** From one instant to another, in its two largest units; null where the second is missing or earlier. */
export function formatSpan(start: string, end: string | null | undefined): string | null {
  if (!end) return null;
  const ms = Date.parse(end) - Date.parse(start);
  if (Number.isNaN(ms) || ms < 0) return null;
  const s = Math.round(ms / 1000);
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

/** What an import is called whose file has no name. */
export function formatFileName(name: string): string {
  return name.trim() ? name : 'No file name';
}

/** "VehicleImport" as "Vehicle import". */
export function formatType(type: string): string {
  const words = type.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
