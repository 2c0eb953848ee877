/** A failed request as a sentence, with a retry: by itself after a countdown where waiting helps, by a button always. */
import { useEffect, useState } from 'react';
import type { Failure } from '../page/failure';

interface Props {
  failure: Failure;
  /** In a line below rows that are there, rather than in place of them. */
  inline?: boolean;
  /** Retries without waiting or asking. */
  atOnce?: boolean;
  /** How often the same request failed before; each time it waits longer than it was told to. */
  attempt?: number;
  onRetry(): void;
  onRefused(): void;
}

const DEFAULT_WAIT_S = 5;
/**
 * Unit: seconds. The wait that an answer names is for its own request; the tabs' counts, sent along, need a share of the
 * same budget.
 */
const WAIT_MORE_S = 2;
const TITLES: Record<string, string> = {
  RATE_LIMITED: 'Too many requests',
  UNREACHABLE: 'The service is not answering',
  OVERLOADED: 'The service is busy',
  SERVICE_UNAVAILABLE: 'The service is away for the moment',
  TIMEOUT: 'The service took too long',
};

export function ErrorPanel({ failure, inline, atOnce, attempt = 0, onRetry, onRefused }: Props) {
  const waits = failure.code in TITLES;
  const wait = Math.max(1, failure.retryAfterS ?? DEFAULT_WAIT_S) + attempt * WAIT_MORE_S;
  const [left, setLeft] = useState(wait);
  const [trying, setTrying] = useState(false);

  // What comes of it takes this component's place; until then there is nothing to count down or to ask for.
  function retry() {
    if (trying) return;
    setTrying(true);
    onRetry();
  }

  useEffect(() => {
    if (failure.code === 'UNAUTHENTICATED') onRefused();
    else if (atOnce) onRetry();
  }, [failure, atOnce]);

  useEffect(() => {
    if (!waits || trying) return;
    const timer = setTimeout(() => (left > 1 ? setLeft(left - 1) : retry()), 1000);
    return () => clearTimeout(timer);
  }, [waits, trying, left]);

  if (atOnce || failure.code === 'UNAUTHENTICATED') return null;
  return (
    <section className={inline ? 'error-panel error-panel-inline' : 'error-panel'}>
      <svg className="icon tone-warn" viewBox="0 0 16 16" aria-hidden="true">
        <path d="M8 2l6.5 11.5h-13zM8 6.5v3.2M8 11.6v.1" />
      </svg>
      <div role="alert">
        <h2>{TITLES[failure.code] ?? 'The imports could not be loaded'}</h2>
        {!waits && <p>{failure.message}</p>}
      </div>
      {waits && (
        <p role="timer">{trying ? 'Trying again…' : `Trying again in ${left} ${left === 1 ? 'second' : 'seconds'}.`}</p>
      )}
      <button type="button" className="button button-primary" aria-disabled={trying} onClick={retry}>
        Try now
      </button>
    </section>
  );
}
