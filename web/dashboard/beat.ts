/** A count that rises with what happens, but only every few seconds, and only while the page is looked at. */
import { useCallback, useEffect, useRef, useState } from 'react';

/** Unit: milliseconds. What is asked for at each beat looks at thousands of imports. */
const EVERY = 5000;
/** Unit: milliseconds; what happens together makes one beat. */
const GATHER = 500;

/** Gives the count, and the function that notes that something happened. */
export function useBeat(): [number, () => void] {
  const [beat, setBeat] = useState(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const last = useRef(-Infinity);
  const isMissed = useRef(false);
  const note = useCallback(() => {
    timer.current ??= setTimeout(
      () => {
        timer.current = undefined;
        isMissed.current = document.visibilityState === 'hidden';
        if (isMissed.current) return;
        last.current = performance.now();
        setBeat((count) => count + 1);
      },
      Math.max(GATHER, last.current + EVERY - performance.now()),
    );
  }, []);
  useEffect(() => {
    const look = () => document.visibilityState === 'visible' && isMissed.current && note();
    document.addEventListener('visibilitychange', look);
    return () => {
      clearTimeout(timer.current);
      document.removeEventListener('visibilitychange', look);
    };
  }, [note]);
  return [beat, note];
}
