/**
 * How many imports of the filtered list were created when: one bar a day, the ten statuses stacked in their five tones.
 *
 * Its numbers stand in each bar's tooltip and name, status by status, and in sum in the legend. A bar is a button: it
 * narrows the list to its days; so do several, by dragging over them or with Shift and the arrow keys. The arrow keys alone
 * go from bar to bar. What the service has not counted is drawn as a hatched
 * field, and said.
 */
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import type { ImportStatus } from './__generated__/ImportsPageQuery.graphql';
import { MOST_COUNTED, type CountsState, type ListCounts, type Total } from './counts';
import { formatCount, formatDay } from './format';
import { STATUSES, statusName, statusTone, TONES, type Tone } from './status';
import { addDays, dayOf, DAYS, startOfWeek, ZONE } from './time';

/** How many days a bar spans, about; the last is enough for whatever instants the service knows. */
const STEPS = { day: 1, week: 7, month: 30, year: 365, decade: 3652, century: 36_524 };
/** How many years, where it is whole ones. */
const YEARS = { year: 1, decade: 10, century: 100 };
/** What the service counted by is the least that a bar can be. */
const LEAST = { HOUR: 'day', DAY: 'day', WEEK: 'week', MONTH: 'month' } as const;

export type Step = keyof typeof STEPS;

interface Bar {
  /** First day, as in "2026-05-01". */
  day: string;
  /** Last day; null where the calendar ends first. */
  last: string | null;
  total: number;
  byStatus: Map<ImportStatus, number>;
  /** Whether it may have more imports than were counted. */
  isPartial: boolean;
}

/** More bars than this are too thin to tell apart; then a bar spans more. */
const MOST_BARS = 62;
/** Unit: bars; how wide what was not counted is drawn. */
const UNCOUNTED = 3;

interface Props extends CountsState {
  /** Narrows the list to days, both included. */
  onDays(from: string, to: string | null): void;
  onRetry(): void;
}

export function DayChart({ shown, failure, isBusy, onDays, onRetry }: Props) {
  if (failure) {
    return (
      <p className="chart-failure">
        The chart could not be loaded.{' '}
        <button type="button" className="button" onClick={onRetry}>
          Try again
        </button>
      </p>
    );
  }
  // A place is kept for it, so that rows do not jump when it comes.
  if (!shown) return <div className="chart chart-empty" aria-hidden="true" />;
  return <Chart shown={shown} isBusy={isBusy} onDays={onDays} />;
}

function Chart({ shown, isBusy, onDays }: Pick<Props, 'isBusy' | 'onDays'> & { shown: ListCounts }) {
  const { step, bars } = barsOf(shown);
  const svg = useRef<SVGSVGElement>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  // The bar that was pressed is gone with the list that it narrowed; the keyboard goes on from the nearest one.
  const wasPressed = useRef(false);
  useLayoutEffect(() => {
    if (!wasPressed.current || isBusy) return;
    wasPressed.current = false;
    if (document.activeElement === document.body) svg.current?.querySelector<SVGElement>('[tabindex="0"]')?.focus();
  }, [shown, isBusy]);

  // From the bar where choosing several began to the one it has come to, by their days.
  const [range, setRange] = useState<{ from: string; to: string; isDragged: boolean } | null>(null);
  useEffect(() => setRange(null), [shown]);
  const ends = range && [range.from, range.to].map((day) => bars.findIndex((bar) => bar.day === day));
  const several = ends && !ends.includes(-1) ? bars.slice(Math.min(...ends), Math.max(...ends) + 1) : [];

  const { counts } = shown;
  const [first, last] = [bars[0], bars.at(-1)];
  if (!first || !last) return null;
  const highest = Math.max(...bars.map(({ total }) => total));
  const span = first === last ? formatDay(first.day) : `${formatDay(first.day)} to ${formatDay(last.day)}`;
  const legend = TONES.map(({ tone, name }) => ({
    tone,
    label: `${name} ${formatCount(bars.reduce((sum, bar) => sum + ofTone(bar, tone), 0))}`,
    isEmpty: bars.every((bar) => !ofTone(bar, tone)),
  })).filter(({ isEmpty }) => !isEmpty);
  const focusable = bars.find(({ day }) => day === chosen)?.day ?? last.day;
  const before = counts.isExact ? 0 : UNCOUNTED;
  const width = (before + bars.length) * 10;

  function move(event: KeyboardEvent) {
    const at = bars.findIndex(({ day }) => day === focusable);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: bars.length - 1 }[event.key];
    if (event.key === 'Escape') setRange(null);
    if (to === undefined) return;
    event.preventDefault();
    const bar = bars[Math.min(Math.max(to, 0), bars.length - 1)];
    if (!bar) return;
    setRange(event.shiftKey ? { from: range?.from ?? focusable, to: bar.day, isDragged: false } : null);
    document.getElementById(barId(bar.day))?.focus();
  }
  function press(bar: Bar) {
    narrow(several.includes(bar) ? several : [bar]);
  }
  function narrow(chosen: Bar[]) {
    const [from, to] = [chosen[0], chosen.at(-1)];
    if (!from || !to) return;
    wasPressed.current = true;
    setRange(null);
    onDays(from.day < DAYS.max ? from.day : DAYS.max, to.last);
  }
  /** The bar below a pointer, or the nearest one where that is beside or outside of the chart. */
  function barAt(x: number): Bar | undefined {
    const { left, width: pixels } = svg.current?.getBoundingClientRect() ?? { left: 0, width: 1 };
    const at = Math.floor(((x - left) / pixels) * (before + bars.length)) - before;
    return bars[Math.min(Math.max(at, 0), bars.length - 1)];
  }
  function startDrag(event: PointerEvent) {
    const start = event.isPrimary && event.button === 0 ? barAt(event.clientX) : undefined;
    setRange(null);
    if (!start) return;
    const over = new AbortController();
    const rangeTo = (x: number) => ({ from: start.day, to: barAt(x)?.day ?? start.day, isDragged: true });
    const onMove = ({ clientX }: globalThis.PointerEvent) => setRange(rangeTo(clientX));
    const onUp = ({ clientX }: globalThis.PointerEvent) => {
      over.abort();
      setRange(null);
      const ends = [start, barAt(clientX) ?? start].map((bar) => bars.indexOf(bar));
      // On the bar where it began it is a click, which the bar itself hears of.
      if (ends[0] !== ends[1]) narrow(bars.slice(Math.min(...ends), Math.max(...ends) + 1));
    };
    const cancel = () => {
      over.abort();
      setRange(null);
    };
    const { signal } = over;
    addEventListener('pointermove', onMove, { signal });
    addEventListener('pointerup', onUp, { signal });
    addEventListener('pointercancel', cancel, { signal });
    addEventListener('keydown', (event) => event.key === 'Escape' && cancel(), { signal });
  }
  const isChoosing = several.length > 1 || (several.length > 0 && !range?.isDragged);
  const chosenTotal = {
    total: several.reduce((sum, bar) => sum + bar.total, 0),
    isExact: !several.some(({ isPartial }) => isPartial),
  };

  return (
    <figure className={isBusy ? 'chart list-stale' : 'chart'} aria-busy={isBusy}>
      <figcaption>
        <span>
          {isChoosing ? (
            <strong>
              {spanOf(several)}: {formatCount(chosenTotal.total)}
              {!chosenTotal.isExact && '+'}
            </strong>
          ) : (
            <>
              <strong>{totalOf(counts)}</strong> per {step} and status
            </>
          )}
        </span>
        <ul className="legend">
          {legend.map(({ tone, label }) => (
            <li key={tone}>
              <span className={`swatch fill-${tone}`} />
              {label}
            </li>
          ))}
          {before > 0 && (
            <li>
              <span className="swatch swatch-uncounted" />
              Not counted
            </li>
          )}
        </ul>
      </figcaption>
      <span role="status" className="unseen">
        {isChoosing &&
          !range?.isDragged &&
          `${spanOf(several)}: ${totalOf(chosenTotal)}. Enter narrows the list to them.`}
      </span>
      <div className="plot" style={{ '--bars': before + bars.length } as React.CSSProperties}>
        <div className="chart-scale" aria-hidden="true">
          <span>{formatCount(highest)}</span>
          <span>0</span>
        </div>
        <svg
          ref={svg}
          viewBox={`0 0 ${width} 100`}
          preserveAspectRatio="none"
          role="group"
          aria-label={`Imports per ${step}, ${span}; at most ${formatCount(highest)} in one ${step}. ${legend.map(({ label }) => label).join(', ')}. Shift and the arrow keys choose several.`}
          onKeyDown={move}
          onPointerDown={startDrag}
          className={several.length ? 'choosing' : undefined}
        >
          <defs>
            <pattern id="uncounted" width="6" height="10" patternUnits="userSpaceOnUse">
              <path className="uncounted-line" d="M0 10L6 0" />
            </pattern>
          </defs>
          {before > 0 && (
            <g className="uncounted">
              <title>Not counted</title>
              <rect x={0} y={0} width={before * 10} height={100} fill="url(#uncounted)" />
            </g>
          )}
          {several.length > 0 && (
            <rect
              className="several"
              x={(before + bars.indexOf(several[0] as Bar)) * 10}
              y={0}
              width={several.length * 10}
              height={100}
            />
          )}
          {bars.map((bar, index) => (
            <Column
              key={bar.day}
              bar={bar}
              step={step}
              x={(before + index) * 10}
              scale={100 / highest}
              isFocusable={bar.day === focusable}
              onFocus={() => setChosen(bar.day)}
              onPress={() => press(bar)}
            />
          ))}
        </svg>
        <div className="chart-span" aria-hidden="true">
          <span>{formatDay(first.day)}</span>
          <span>{first !== last && formatDay(last.day)}</span>
        </div>
      </div>
      {before > 0 && (
        <p className="second">
          Counted back to {formatDay(reachedDay(shown) ?? first.day)}: imports created before are in the list, and not
          in this chart.
        </p>
      )}
      {shown.zone !== ZONE.name && (
        <p className="second">Days of this chart are in UTC, as the service does not know the zone {ZONE.name}.</p>
      )}
    </figure>
  );
}

/** "20,005 imports", "More than 20,000 imports", or, where the counts ended earlier, "At least 3 imports". */
export function totalOf({ total, isExact }: Total): string {
  const isMost = !isExact && total > MOST_COUNTED;
  const count = Math.min(total, isExact ? total : MOST_COUNTED);
  const imports = `${formatCount(count)} ${count === 1 ? 'import' : 'imports'}`;
  return isExact ? imports : `${isMost ? 'More than' : 'At least'} ${imports}`;
}

interface ColumnProps {
  bar: Bar;
  step: Step;
  x: number;
  scale: number;
  isFocusable: boolean;
  onFocus(): void;
  onPress(): void;
}

function Column({ bar, step, x, scale, isFocusable, onFocus, onPress }: ColumnProps) {
  let y = 100;
  const when = step === 'day' ? formatDay(bar.day) : `${step} from ${formatDay(bar.day)}`;
  const statuses = STATUSES.filter((status) => bar.byStatus.has(status));
  const lines = [
    bar.isPartial ? `${when}, not all counted` : when,
    ...statuses.map((status) => `${statusName(status)}: ${formatCount(bar.byStatus.get(status) ?? 0)}`),
  ];
  return (
    <g
      id={barId(bar.day)}
      role="button"
      tabIndex={isFocusable ? 0 : -1}
      aria-label={`${lines[0]}: ${totalOf({ total: bar.total, isExact: !bar.isPartial })}. ${lines.slice(1).join(', ')}`}
      onFocus={onFocus}
      onClick={onPress}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        onPress();
      }}
    >
      <title>{lines.join('\n')}</title>
      <rect className="column" x={x} y={0} width={10} height={100} />
      {TONES.map(({ tone }) => {
        const height = ofTone(bar, tone) * scale;
        if (!height) return null;
        y -= height;
        return <rect key={tone} className={`fill-${tone}`} x={x + 1} y={y} width={8} height={height} />;
      })}
      {bar.isPartial && <rect x={x} y={0} width={10} height={100} fill="url(#uncounted)" />}
    </g>
  );
}

/** "03 Nov 2026 – 09 Nov 2026". */
function spanOf(bars: Bar[]): string {
  const [first, last] = [bars[0]?.day ?? '', bars.at(-1)?.last];
  if (first === last) return formatDay(first);
  return last ? `${formatDay(first)} – ${formatDay(last)}` : `since ${formatDay(first)}`;
}

function barId(day: string): string {
  return `bar-${day}`;
}

/** The day in which the counts end; null where all was counted. */
function reachedDay({ counts, zone }: ListCounts): string | null {
  return counts.isExact || !counts.reachedAt ? null : dayOf(Date.parse(counts.reachedAt), zone);
}

/** Bars of few enough days, from the buckets of the service, for each from the first import to the last. */
export function barsOf(shown: ListCounts): { step: Step; bars: Bar[] } {
  const { counts, zone, by } = shown;
  const byDay = new Map<string, Map<ImportStatus, number>>();
  for (const { start, byStatus } of counts.buckets) {
    byDay.set(dayOf(Date.parse(start), zone), new Map(byStatus.map(({ status, count }) => [status, count])));
  }
  const days = [...byDay.keys()].sort();
  const [first, last] = [days[0], days.at(-1)];
  if (!first || !last) return { step: 'day', bars: [] };
  const step = stepOf(first, last, LEAST[by]);

  const bars = new Map<string, Bar>();
  const reached = reachedDay(shown);
  const isCutWithin = reached !== null && !isCutBetween(shown);
  for (const day of startsOf(first, last, step)) {
    const next = after(day, step);
    const isPartial = reached !== null && (day < reached || (day === reached && isCutWithin));
    bars.set(day, { day, last: next && addDays(next, -1), total: 0, byStatus: new Map(), isPartial });
  }
  for (const [day, counted] of byDay) {
    const bar = bars.get(startOf(day, step));
    for (const [status, count] of counted) {
      if (!bar) continue;
      bar.total += count;
      bar.byStatus.set(status, (bar.byStatus.get(status) ?? 0) + count);
    }
  }
  return { step, bars: [...bars.values()] };
}

/** Whether the counts end where one of their buckets starts, so that this one is whole. */
function isCutBetween({ counts }: ListCounts): boolean {
  return counts.buckets.some(({ start }) => Date.parse(start) === Date.parse(counts.reachedAt ?? ''));
}

function ofTone({ byStatus }: Bar, tone: Tone): number {
  return [...byStatus].reduce((sum, [status, count]) => (statusTone(status) === tone ? sum + count : sum), 0);
}

/** The shortest step, none below `least`, in which a span of days has not too many bars. */
export function stepOf(first: string, last: string, least: Step = 'day'): Step {
  const length = (Date.parse(last) - Date.parse(first)) / 86_400_000 + 1;
  const steps = Object.keys(STEPS) as Step[];
  const enough = steps.slice(steps.indexOf(least)).find((step) => length / STEPS[step] <= MOST_BARS);
  return enough ?? 'century';
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
