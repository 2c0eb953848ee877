/** The bar with the key, and the editor below it, which loads by itself: it is large and the bar is not. */
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import { currentKey, forgetKey, keepKey } from '../page/key';
import { KeyForm } from '../page/KeyForm';
import { Masthead } from '../page/Masthead';
import type { Operation } from '../page/operation';
import { createFetcher } from './fetcher';
import { relabelTabs } from './tabs';

const Editor = lazy(() => import('./Editor'));
const REFUSED = 'This key was not accepted. It may be mistyped, expired or revoked; please enter another one.';

export function Playground({ linked }: { linked: Operation | null }) {
  const [key, setKey] = useState(currentKey);
  const [problem, setProblem] = useState<string | null>(null);
  // The key in use stays until another one is there: it may be written down nowhere else.
  const [changing, setChanging] = useState(false);

  function refuse() {
    forgetKey();
    setProblem(REFUSED);
    setKey(null);
  }
  // A new fetcher makes the editor load the schema again.
  const fetcher = useMemo(() => createFetcher(key, refuse), [key]);

  const main = useRef<HTMLElement>(null);
  useEffect(() => (main.current ? relabelTabs(main.current) : undefined), []);

  return (
    <div className="playground">
      <Masthead>
        {key === null || changing ? (
          <KeyForm
            problem={problem}
            action="Use this key"
            autoFocus
            onKey={(typed) => {
              keepKey(typed);
              setProblem(null);
              setChanging(false);
              setKey(typed);
            }}
            onCancel={changing ? () => setChanging(false) : undefined}
          />
        ) : (
          <>
            <span className="key-set">API key set for this tab</span>
            <button type="button" className="button" onClick={() => setChanging(true)}>
              Change key
            </button>
          </>
        )}
        <a className="button" href="./">
          Dashboard
        </a>
      </Masthead>
      <main aria-label="GraphiQL" ref={main}>
        <Suspense fallback={<p className="loading">Loading the editor…</p>}>
          <Editor fetcher={fetcher} hasKey={key !== null} linked={linked} />
        </Suspense>
      </main>
    </div>
  );
}
