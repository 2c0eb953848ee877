/**
 * Where the keyboard goes on when a list takes the place of another.
 *
 * Tabs, heads and rows are mounted anew with each list, and the browser forgets a focus whose element is gone. It is put
 * on the control of the same id, or on the page's heading where that one has no use any more.
 */
import { useEffect, useLayoutEffect, useRef } from 'react';

export function useKeptFocus(serial: number): void {
  const last = useRef<Element | null>(null);

  useEffect(() => {
    const note = (event: FocusEvent) => (last.current = event.target as Element);
    addEventListener('focusin', note);
    return () => removeEventListener('focusin', note);
  }, []);

  useLayoutEffect(() => {
    if (!last.current || last.current.isConnected) return;
    const { id } = last.current;
    const next = (id && document.getElementById(id)) || document.querySelector('h1');
    next?.focus({ preventScroll: true });
  }, [serial]);
}
