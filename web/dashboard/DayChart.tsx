/**
 * How many of the loaded imports were created when: one bar a day, the ten statuses stacked in their five tones.
 *
 * Its numbers stand in each bar's tooltip, status by status, and in sum in the legend and in what a screen reader says.
 */
import type { ImportStatus } from './__generated__/ImportsPageQuery.graphql';
import { formatCount, formatDay } from './format';
import type { Edge } from './ImportsList';
import { STATUSES, statusName, statusTone, TONES, type Tone } from './status';
import { addDays, dayOf, startOfWeek } from './time';

/** How many days a bar spans, about; the last is enough for whatever instants the service knows. */
const STEPS = { day: 1, week: 7, month: 30, year: 365, decade: 3652, century: 36_524 };
/** How many years, where it is whole ones. */
const YEARS = { year: 1, decade: 10, century: 100 };

export type Step = keyof typeof STEPS;

interface Bar {
  /** First day, as in "2026-05-01". */
  day: string;
  total: number;
  byStatus: Map<ImportStatus, number>;
}

/** More bars than this are too thin to tell apart; then a bar spans more. */
const MOST_BARS = 62;

export function DayChart({ edges }: { edges: readonly Edge[] }) {
  const { step, bars } = barsOf(edges);
  const highest = Math.max(1, ...bars.map(({ total }) => total));
  const [first, last] = [bars[0], bars.at(-1)];
  if (!first || !last) return null;
  const span = first === last ? formatDay(first.day) : `${formatDay(first.day)} to ${formatDay(last.day)}`;
  const legend = TONES.map(({ tone, name }) => ({
    tone,
    label: `${name} ${formatCount(bars.reduce((sum, bar) => sum + ofTone(bar, tone), 0))}`,
    isEmpty: bars.every((bar) => !ofTone(bar, tone)),
  })).filter(({ isEmpty }) => !isEmpty);

  return (
    <figure className="chart">
      <figcaption>
        <span>Loaded imports per {step} and status</span>
        <ul className="legend">
          {legend.map(({ tone, label }) => (
            <li key={tone}>
              <span className={`swatch fill-${tone}`} />
              {label}
            </li>
          ))}
        </ul>
      </figcaption>
      <div className="plot" style={{ '--bars': bars.length } as React.CSSProperties}>
        <div className="chart-scale" aria-hidden="true">
          <span>{formatCount(highest)}</span>
          <span>0</span>
        </div>
        <svg
          viewBox={`0 0 ${bars.length * 10} 100`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`Imports per ${step}, ${span}; at most ${formatCount(highest)} in one ${step}. ${legend.map(({ label }) => label).join(', ')}.`}
        >
          {bars.map((bar, index) => (
            <Column key={bar.day} bar={bar} step={step} x={index * 10} scale={100 / highest} />
          ))}
        </svg>
        <div className="chart-span" aria-hidden="true">
          <span>{formatDay(first.day)}</span>
          <span>{first !== last && formatDay(last.day)}</span>
        </div>
      </div>
    </figure>
  );
}

function Column({ bar, step, x, scale }: { bar: Bar; step: Step; x: number; scale: number }) {
  let y = 100;
  const when = step === 'day' ? formatDay(bar.day) : `${step} from ${formatDay(bar.day)}`;
  const statuses = STATUSES.filter((status) => bar.byStatus.has(status));
  return (
    <g>
      <title>
        {[
          when,
          ...statuses.map((status) => `${statusName(status)}: ${formatCount(bar.byStatus.get(status) ?? 0)}`),
        ].join('\n')}
      </title>
      <rect className="column" x={x} y={0} width={10} height={100} />
      {TONES.map(({ tone }) => {
        const height = ofTone(bar, tone) * scale;
        if (!height) return null;
        y -= height;
        return <rect key={tone} className={`fill-${tone}`} x={x + 1} y={y} width={8} height={height} />;
      })}
    </g>
  );
}

function barsOf(edges: readonly Edge[]): { step: Step; bars: Bar[] } {
  const byDay = new Map<string, Bar>();
  for (const { node } of edges) add(byDay, dayOf(Date.parse(node.createdAt)), node.status, 1);
  const days = [...byDay.keys()].sort();
  const [first, last] = [days[0], days.at(-1)];
  if (!first || !last) return { step: 'day', bars: [] };
  const step = stepOf(first, last);

  const bars = new Map<string, Bar>();
  for (const day of startsOf(first, last, step)) bars.set(day, { day, total: 0, byStatus: new Map() });
  for (const [day, bar] of byDay) {
    for (const [status, count] of bar.byStatus) add(bars, startOf(day, step), status, count);
  }
  return { step, bars: [...bars.values()] };
}

function add(bars: Map<string, Bar>, day: string, status: ImportStatus, count: number) {
  const bar = bars.get(day) ?? { day, total: 0, byStatus: new Map<ImportStatus, number>() };
  bar.total += count;
  bar.byStatus.set(status, (bar.byStatus.get(status) ?? 0) + count);
  bars.set(day, bar);
}

function ofTone({ byStatus }: Bar, tone: Tone): number {
  return [...byStatus].reduce((sum, [status, count]) => (statusTone(status) === tone ? sum + count : sum), 0);
}

/** The shortest step in which a span of days has not too many bars. */
export function stepOf(first: string, last: string): Step {
  const length = (Date.parse(last) - Date.parse(first)) / 86_400_000 + 1;
  const steps = Object.keys(STEPS) as Step[];
  return steps.find((step) => length / STEPS[step] <= MOST_BARS) ?? 'century';
}

/** The first days of all steps from one day to another, both included. */
export function startsOf(first: string, last: string, step: Step): string[] {
  const starts: string[] = [];
  for (let day: string | null = startOf(first, step); day !== null && day <= last; day = after(day, step))
    starts.push(day);
  return starts;
}

function startOf(day: string, step: Step): string {
  if (step in YEARS) {
    const years = YEARS[step as keyof typeof YEARS];
    return firstOf(Math.floor(Number(day.slice(0, 4)) / years) * years);
  }
  if (step === 'month') return `${day.slice(0, 7)}-01`;
  return step === 'week' ? startOfWeek(day) : day;
}

/** The first day of the next step; null after the year 9999, where days are written in another way. */
function after(day: string, step: Step): string | null {
  if (step in YEARS) {
    const year = Number(day.slice(0, 4)) + YEARS[step as keyof typeof YEARS];
    return year > 9999 ? null : firstOf(year);
  }
  const next = addDays(day, step === 'month' ? 31 : STEPS[step]);
  if (next.startsWith('+')) return null;
  return step === 'month' ? startOf(next, step) : next;
}

function firstOf(year: number): string {
  return `${String(year).padStart(4, '0')}-01-01`;
}
