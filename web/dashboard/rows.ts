/**
 * Which rows of a long list are worth drawing.
 *
 * Takes the list's element and the number of rows, all of one height; gives the span in sight with a margin, and the
 * first row in sight. Ten thousand rows would be ninety thousand cells; a screen shows thirty rows.
 */
import { useLayoutEffect, useState, type RefObject } from 'react';

export interface RowSpan {
  /** First row to draw. */
  start: number;
  /** Row after the last one to draw. */
  end: number;
  /** First row that is in sight as a whole. */
  first: number;
  /** Unit: CSS pixels. */
  height: number;
}

const MARGIN = 12;

/** Shape: `body` holds the rows alone and is as high as all of them together. */
export function useRowsInSight(body: RefObject<HTMLElement | null>, count: number): RowSpan {
  const [span, setSpan] = useState<RowSpan>({ start: 0, end: Math.min(count, 2 * MARGIN), first: 0, height: 0 });

  useLayoutEffect(() => {
    function measure() {
      if (!body.current) return;
      const box = body.current.getBoundingClientRect();
      const height = box.height / Math.max(count, 1) || 1;
      const above = -box.top;
      const first = clamp(Math.ceil(above / height), count);
      const last = clamp(Math.ceil((above + innerHeight) / height), count);
      const next = { start: clamp(first - MARGIN, count), end: clamp(last + MARGIN, count), first, height };
      setSpan((now) => (sameSpan(now, next) ? now : next));
    }
    measure();
    addEventListener('scroll', measure, { passive: true });
    addEventListener('resize', measure);
    // What stands above the rows may change its height too.
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => {
      removeEventListener('scroll', measure);
      removeEventListener('resize', measure);
      observer.disconnect();
    };
  }, [body, count]);

  return { ...span, end: Math.min(span.end, count) };
}

function clamp(row: number, count: number): number {
  return Math.min(Math.max(row, 0), count);
}

function sameSpan(a: RowSpan, b: RowSpan): boolean {
  return a.start === b.start && a.end === b.end && a.first === b.first && a.height === b.height;
}
