/** A failed request as a sentence, with a retry: by itself after a countdown where waiting helps, by a button always. */
import { useEffect, useState } from 'react';
import type { Failure } from '../page/failure';

interface Props {
  failure: Failure;
  /** In a line below rows that are there, rather than in place of them. */
  inline?: boolean;
  /** Retries without waiting or asking. */
  atOnce?: boolean;
  onRetry(): void;
  onRefused(): void;
}

const DEFAULT_WAIT_S = 5;
const TITLES: Record<string, string> = {
  RATE_LIMITED: 'Too many requests',
  UNREACHABLE: 'The service is not answering',
  OVERLOADED: 'The service is busy',
  SERVICE_UNAVAILABLE: 'The service is away for the moment',
  TIMEOUT: 'The service took too long',
};

export function Trouble({ failure, inline, atOnce, onRetry, onRefused }: Props) {
  const waits = failure.code in TITLES;
  const wait = Math.max(1, failure.retryAfterS ?? DEFAULT_WAIT_S);
  const [left, setLeft] = useState(wait);

  useEffect(() => {
    if (failure.code === 'UNAUTHENTICATED') onRefused();
    else if (atOnce) onRetry();
  }, [failure, atOnce]);

  useEffect(() => {
    if (!waits) return;
    if (left === 0) {
      onRetry();
      return;
    }
    const timer = setTimeout(() => setLeft(left - 1), 1000);
    return () => clearTimeout(timer);
  }, [waits, left]);

  if (atOnce || failure.code === 'UNAUTHENTICATED') return null;
  return (
    <section className={inline ? 'trouble trouble-inline' : 'trouble'}>
      <div role="alert">
        <h2>{TITLES[failure.code] ?? 'The imports could not be loaded'}</h2>
        {!waits && <p>{failure.message}</p>}
      </div>
      {waits && (
        <p role="timer">
          Trying again in {left} {left === 1 ? 'second' : 'seconds'}.
        </p>
      )}
      <button type="button" className="button button-primary" onClick={onRetry}>
        Try now
      </button>
    </section>
  );
}
