/**
 * Days of the viewer's time zone.
 *
 * Takes days as in "2026-05-01" and instants in milliseconds since 1970; gives the one for the other. A day starts at
 * its first instant, which is not midnight everywhere: clocks are set forward over it, or back over it a second time.
 */
const DAY_MS = 86_400_000;
/** The first instant that the service knows. */
const FIRST_MS = Date.parse('0001-01-01T00:00:00Z');

/** The first and the last day of which the service knows the midnights. */
export const DAYS = { min: '0001-01-01', max: '9999-12-30' };

export interface Zone {
  /** A name of the IANA time zone database. */
  name: string;
  /** False where the browser has named no zone that can be used; the name is then UTC. */
  isViewers: boolean;
}

/** Some browsers name no zone, or `Etc/Unknown`, where the system's is not known to them. */
export function readZone(name: string | undefined): Zone {
  if (!name || name === 'Etc/Unknown') return { name: 'UTC', isViewers: false };
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return { name, isViewers: true };
  } catch {
    return { name: 'UTC', isViewers: false };
  }
}

/** The viewer's zone. */
export const ZONE = readZone(Intl.DateTimeFormat().resolvedOptions().timeZone);

/** The first instant of a day. Where the day does not exist, that of the next one that does. */
export function startOfDay(day: string, zone = ZONE.name): number {
  const midnight = Date.parse(day);
  const guesses = [midnight - DAY_MS, midnight + DAY_MS].map((at) => midnight - (wallClock(at, zone) - at));
  const found = guesses.sort((a, b) => a - b).find((at) => wallClock(at, zone) === midnight);
  return Math.max(found ?? firstAt(midnight, zone), FIRST_MS);
}

/** The day of an instant, in the years that the service knows. */
export function dayOf(at: number, zone = ZONE.name): string {
  const day = new Date(Math.max(wallClock(at, zone), FIRST_MS)).toISOString();
  return day.startsWith('+') ? '9999-12-31' : day.slice(0, 10);
}

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}

/** The Monday on or before a day. */
export function startOfWeek(day: string): string {
  return addDays(day, -((new Date(day).getUTCDay() + 6) % 7));
}

/** No clock shows this time: the first instant at which clocks show a later one. */
function firstAt(wall: number, zone: string): number {
  let [before, after] = [wall - 2 * DAY_MS, wall + 2 * DAY_MS];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (wallClock(middle, zone) < wall) before = middle;
    else after = middle;
  }
  return after;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** What clocks show at an instant, as the instant at which clocks in UTC show the same. */
function wallClock(at: number, zone: string): number {
  if (zone === 'UTC') return at;
  const clock = clocks.get(zone) ?? newClock(zone);
  const part = Object.fromEntries(clock.formatToParts(at).map(({ type, value }) => [type, value]));
  const year = part['era']?.startsWith('B') ? 1 - Number(part['year']) : Number(part['year']);
  const date = new Date(0);
  date.setUTCFullYear(year, Number(part['month']) - 1, Number(part['day']));
  date.setUTCHours(Number(part['hour']), Number(part['minute']), Number(part['second']));
  return date.getTime() + (((at % 1000) + 1000) % 1000);
}

function newClock(zone: string): Intl.DateTimeFormat {
  const number = '2-digit';
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: number,
    day: number,
    hour: number,
    minute: number,
    second: number,
  });
  clocks.set(zone, clock);
  return clock;
}
