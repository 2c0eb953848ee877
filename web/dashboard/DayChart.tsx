/** How many of the loaded imports were created when, one bar a day with its statuses stacked. */
import { formatCount, formatDate } from './format';
import type { Edge } from './ImportsList';
import { statusTone, TONES, type Tone } from './status';

type Step = 'day' | 'week' | 'month';

interface Bar {
  /** First day, as in "2026-05-01". */
  day: string;
  total: number;
  byTone: Map<Tone, number>;
}

/** More bars than this are too thin to tell apart; then a bar is a week, or a month. */
const MOST_BARS = 62;

export function DayChart({ edges }: { edges: readonly Edge[] }) {
  const { step, bars } = barsOf(edges);
  const highest = Math.max(1, ...bars.map(({ total }) => total));
  const [first, last] = [bars[0], bars.at(-1)];
  if (!first || !last) return null;
  const span = first === last ? formatDate(first.day) : `${formatDate(first.day)} to ${formatDate(last.day)}`;
  const used = TONES.filter(({ tone }) => bars.some(({ byTone }) => byTone.has(tone)));

  return (
    <figure className="chart">
      <figcaption>
        <span>Loaded imports per {step} and status</span>
        <ul className="legend">
          {used.map(({ tone, name }) => (
            <li key={tone}>
              <span className={`swatch fill-${tone}`} />
              {name} {formatCount(bars.reduce((sum, { byTone }) => sum + (byTone.get(tone) ?? 0), 0))}
            </li>
          ))}
        </ul>
      </figcaption>
      <div className="plot" style={{ '--bars': bars.length } as React.CSSProperties}>
        <svg
          viewBox={`0 0 ${bars.length * 10} 100`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`Imports per ${step}, ${span}; at most ${formatCount(highest)} in one ${step}.`}
        >
          {bars.map((bar, index) => (
            <Column key={bar.day} bar={bar} step={step} x={index * 10} scale={100 / highest} />
          ))}
        </svg>
        <div className="chart-span" aria-hidden="true">
          <span>{formatDate(first.day)}</span>
          <span>{first !== last && formatDate(last.day)}</span>
        </div>
      </div>
    </figure>
  );
}

function Column({ bar, step, x, scale }: { bar: Bar; step: Step; x: number; scale: number }) {
  let y = 100;
  const when = step === 'day' ? formatDate(bar.day) : `${step} from ${formatDate(bar.day)}`;
  const parts = TONES.filter(({ tone }) => bar.byTone.has(tone));
  return (
    <g>
      <title>
        {[when, ...parts.map(({ tone, name }) => `${name}: ${formatCount(bar.byTone.get(tone) ?? 0)}`)].join('\n')}
      </title>
      <rect className="column" x={x} y={0} width={10} height={100} />
      {parts.map(({ tone }) => {
        const height = (bar.byTone.get(tone) ?? 0) * scale;
        y -= height;
        return <rect key={tone} className={`fill-${tone}`} x={x + 1} y={y} width={8} height={height} />;
      })}
    </g>
  );
}

function barsOf(edges: readonly Edge[]): { step: Step; bars: Bar[] } {
  const byDay = new Map<string, Bar>();
  for (const { node } of edges) add(byDay, node.createdAt.slice(0, 10), statusTone(node.status), 1);
  const days = [...byDay.keys()].sort();
  const [first, last] = [days[0], days.at(-1)];
  if (!first || !last) return { step: 'day', bars: [] };
  const length = (Date.parse(last) - Date.parse(first)) / 86_400_000 + 1;
  const step: Step = length <= MOST_BARS ? 'day' : length <= MOST_BARS * 7 ? 'week' : 'month';

  const bars = new Map<string, Bar>();
  for (let day = startOf(first, step); day <= last; day = after(day, step))
    bars.set(day, { day, total: 0, byTone: new Map() });
  for (const [day, bar] of byDay) {
    for (const [tone, count] of bar.byTone) add(bars, startOf(day, step), tone, count);
  }
  return { step, bars: [...bars.values()] };
}

function add(bars: Map<string, Bar>, day: string, tone: Tone, count: number) {
  const bar = bars.get(day) ?? { day, total: 0, byTone: new Map<Tone, number>() };
  bar.total += count;
  bar.byTone.set(tone, (bar.byTone.get(tone) ?? 0) + count);
  bars.set(day, bar);
}

function startOf(day: string, step: Step): string {
  if (step === 'month') return `${day.slice(0, 7)}-01`;
  const weekday = (new Date(day).getUTCDay() + 6) % 7;
  return step === 'week' ? later(day, -weekday) : day;
}

function after(day: string, step: Step): string {
  if (step === 'month') return startOf(later(day, 31), 'month');
  return later(day, step === 'week' ? 7 : 1);
}

function later(day: string, days: number): string {
  return new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
}
