/** How far behind its upstream the account is, as in "As of 40 s ago"; nothing where its imports are not another service's. */
import { useEffect, useState } from 'react';
import { fetchQuery, graphql, useFragment, useRelayEnvironment } from 'react-relay';
import query, { type MirrorLineQuery } from './__generated__/MirrorLineQuery.graphql';
import type { MirrorLine_account$key } from './__generated__/MirrorLine_account.graphql';
import { formatAge } from './format';

/** Unit: milliseconds. A poll that finds nothing new tells the page nothing, so the page asks. */
const ASK_EVERY = 10_000;
/** Unit: milliseconds. */
const TICK = 1000;

export function MirrorLine({ account }: { account: MirrorLine_account$key }) {
  const { mirror } = useFragment(
    graphql`
      fragment MirrorLine_account on Account {
        mirror {
          upstream
          phase
          lastPolledAt
          ageSeconds
          isComplete
        }
      }
    `,
    account,
  );
  const elapsed = useElapsed(mirror);
  useAsking(mirror != null);
  if (!mirror) return null;
  const { upstream, phase, ageSeconds, isComplete } = mirror;
  const isStalled = phase === 'STALLED';
  const age = ageSeconds == null ? null : `As of ${formatAge(ageSeconds + elapsed)} ago`;
  const told = [
    age,
    !isComplete && (isStalled ? 'Not all imports are here yet' : 'Still being copied: not all imports are here yet'),
    isStalled && `Nothing has come from ${hostOf(upstream)} for two intervals`,
  ];
  return (
    <p
      className={isStalled ? 'mirror mirror-stalled' : 'mirror'}
      title={`These imports are a copy of those at ${upstream}`}
    >
      {told.filter(Boolean).join('. ')}
    </p>
  );
}

/** Whole seconds since `told` came. */
function useElapsed(told: unknown): number {
  const [came, setCame] = useState(() => performance.now());
  const [now, setNow] = useState(came);
  useEffect(() => {
    if (!told) return;
    const start = performance.now();
    setCame(start);
    setNow(start);
    const timer = setInterval(() => setNow(performance.now()), TICK);
    return () => clearInterval(timer);
  }, [told]);
  return Math.max(0, Math.floor((now - came) / 1000));
}

/** Asks again and again how the mirror stands, while the page is looked at; once more as soon as it is again. */
function useAsking(isMirror: boolean) {
  const environment = useRelayEnvironment();
  useEffect(() => {
    if (!isMirror) return;
    let request: { unsubscribe(): void } | null = null;
    const ask = () => {
      if (document.visibilityState === 'hidden') return;
      request?.unsubscribe();
      request = fetchQuery<MirrorLineQuery>(environment, query, {}, { networkCacheConfig: { force: true } })
        // What is shown goes on to grow older, which is right then.
        .subscribe({ error() {} });
    };
    const timer = setInterval(ask, ASK_EVERY);
    document.addEventListener('visibilitychange', ask);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', ask);
      request?.unsubscribe();
    };
  }, [environment, isMirror]);
}

graphql`
  query MirrorLineQuery {
    viewer {
      ...MirrorLine_account
    }
  }
`;

function hostOf(upstream: string): string {
  try {
    return new URL(upstream).host;
  } catch {
    return upstream;
  }
}
