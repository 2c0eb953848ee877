/** The page's frame: the bar, the filters, and one boundary around each part that loads by itself. */
import { Suspense, useDeferredValue, useRef, useState, type MouseEvent } from 'react';
import { RelayEnvironmentProvider } from 'react-relay';
import type { Failure } from '../page/failure';
import { operationLink } from '../page/operation';
import ImportsPageQuery from './__generated__/ImportsPageQuery.graphql';
import { Boundary } from './Boundary';
import { useCounts } from './counts';
import { DayChart } from './DayChart';
import { classesOf, keepDisplay, readDisplay } from './display';
import { DisplayOptions } from './DisplayOptions';
import { FilterBar } from './Filters';
import { useKeptFocus } from './focus';
import { ImportDetail } from './ImportDetail';
import type { Place } from './ImportsList';
import { firstPage, ImportsPage } from './ImportsPage';
import { JumpForm } from './JumpForm';
import type { Feed } from './live';
import { keepPaused, LiveStatus, readPaused } from './LiveStatus';
import { useBeat } from './beat';
import { Masthead } from '../page/Masthead';
import { Notice } from './Notice';
import { useNavigation, type List, type Actions } from './navigation';
import { RequestDialog } from './RequestDialog';
import { SavedViews } from './SavedViews';
import { Skeleton } from './Skeleton';
import { StatusTabs } from './StatusTabs';
import type { Phase } from './stream';
import { ErrorPanel } from './ErrorPanel';
import { hasSpan } from './span';
import { ZONE } from './time';
import { NO_FILTERS, type View } from './view';

interface Props {
  apiKey: string;
  onRefused(): void;
  onChangeKey(): void;
}

export function Dashboard({ apiKey, onRefused, onChangeKey }: Props) {
  const [state, actions] = useNavigation(apiKey);
  const { view } = state.list;
  // The choice shows at once; the rows of the last one stay until those of the next are there.
  const list = useDeferredValue(state.list);
  const [places, setPlaces] = useState<Place[]>([]);
  const at = places.findIndex(({ importId }) => importId === state.importId);
  useKeptFocus(list.serial);
  const [countAttempt, setCountAttempt] = useState(0);
  const [changes, noteChange] = useBeat();
  const counts = useCounts(list, countAttempt, changes);
  const [phase, setPhase] = useState<Phase>('connecting');
  const [isPaused, setIsPaused] = useState(readPaused);
  const readAnew = useReadAnew(actions);
  const feed: Feed = { key: apiKey, isPaused, onPhase: setPhase, onChange: noteChange, onExpired: readAnew };
  const [display, setDisplay] = useState(readDisplay);
  const plainTabs = <StatusTabs.Plain view={view} all={null} onGo={actions.go} />;
  const [isRequestShown, setIsRequestShown] = useState(false);
  const query = ImportsPageQuery.params.text ?? '';
  const variables = firstPage(view, state.list.now);
  const link = operationLink({ query, variables: JSON.stringify(variables, null, 2) });

  return (
    <>
      <a className="skip" href="#imports" onClick={skip}>
        Skip to the imports
      </a>
      <Masthead>
        <a className="button" href={link}>
          <span className="wide">View this query in</span> GraphiQL
        </a>
        <button type="button" className="button" onClick={onChangeKey}>
          Change key
        </button>
      </Masthead>
      <main>
        <Notice sentences={state.dropped} onDismiss={actions.dismiss} />
        <Boundary resetKey={list.serial} fallback={() => plainTabs}>
          <Suspense fallback={plainTabs}>
            <RelayEnvironmentProvider key={list.serial} environment={list.environment}>
              <StatusTabs view={view} list={list} changes={changes} all={counts.shown?.all ?? null} onGo={actions.go} />
            </RelayEnvironmentProvider>
          </Suspense>
        </Boundary>
        <SavedViews view={view} onGo={actions.go} onShowRequest={() => setIsRequestShown(true)} />
        <FilterBar
          view={view}
          types={typesOf(places)}
          onGo={actions.go}
          onSearch={actions.search}
          onReload={actions.reload}
        >
          <DisplayOptions
            display={display}
            onChange={(display) => {
              setDisplay(display);
              keepDisplay(display);
            }}
          />
          <LiveStatus
            phase={phase}
            isPaused={isPaused}
            onPause={(isPaused) => {
              setIsPaused(isPaused);
              keepPaused(isPaused);
            }}
          />
        </FilterBar>
        <DayChart
          {...counts}
          onDays={(from, to) => actions.go({ created: { preset: null, from, to } })}
          onRetry={() => setCountAttempt(countAttempt + 1)}
        />
        <JumpForm view={view} environment={state.list.environment} onJump={actions.jump} />
        {phase === 'refused' && <KeyEnded onChangeKey={onChangeKey} />}
        <div id="imports" tabIndex={-1} className={classesOf(display)}>
          <Boundary
            resetKey={list.serial}
            fallback={(failure) => (
              <Refusal key={list.serial} failure={failure} list={list} actions={actions} onRefused={onRefused} />
            )}
          >
            <Suspense fallback={<Skeleton />}>
              <div className={list === state.list ? 'list' : 'list list-stale'} aria-busy={list !== state.list}>
                <RelayEnvironmentProvider key={list.serial} environment={list.environment}>
                  <ImportsPage
                    list={list}
                    feed={feed}
                    actions={actions}
                    openId={state.importId}
                    onRows={setPlaces}
                    onRefused={onRefused}
                  />
                </RelayEnvironmentProvider>
              </div>
            </Suspense>
          </Boundary>
        </div>
        {state.importId && (
          <RelayEnvironmentProvider environment={list.environment}>
            <ImportDetail
              id={state.importId}
              previous={places[at - 1] ?? null}
              place={places[at] ?? null}
              next={(at >= 0 && places[at + 1]) || null}
              onTurn={actions.turnTo}
              onClose={actions.close}
              onRefused={onRefused}
            />
          </RelayEnvironmentProvider>
        )}
        {isRequestShown && (
          <RequestDialog query={query} variables={variables} onClose={() => setIsRequestShown(false)} />
        )}
      </main>
      <footer className="colophon">
        {ZONE.isViewers
          ? `Dates and times are in ${zoneName(ZONE.name)}.`
          : 'Dates and times are in UTC, as this browser does not name a time zone.'}{' '}
        The same list as GraphQL at <code>/graphql</code> and as REST at <code>/api/v1/imports</code>.
      </footer>
    </>
  );
}

/** Unit: milliseconds; a service that forgets at once is not asked for the same list over and over. */
const ANEW_EVERY = 15_000;

/** Reads the list anew, not too often. */
function useReadAnew(actions: Actions): () => void {
  const last = useRef(-Infinity);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  return () => {
    clearTimeout(timer.current);
    // Spread, as whatever made a service forget tells all pages at once.
    const wait = Math.max(Math.random() * 1000, last.current + ANEW_EVERY - performance.now());
    timer.current = setTimeout(() => {
      last.current = performance.now();
      actions.readAnew();
    }, wait);
  };
}

/** What is on screen stays to be read; only another key shows more. */
function KeyEnded({ onChangeKey }: { onChangeKey(): void }) {
  return (
    <div role="alert" className="notice">
      <div>
        <strong>This API key is no longer accepted.</strong>
        <p>It has expired or was revoked. What is shown is as it was then; another key shows how it is now.</p>
      </div>
      <button type="button" className="button button-primary" onClick={onChangeKey}>
        Enter another key
      </button>
    </div>
  );
}

/** Unit: types; more than one can choose from. */
const MOST_TYPES = 50;

/** The types of the loaded imports. */
function typesOf(places: Place[]): string[] {
  return [...new Set(places.map(({ type }) => type))].filter(Boolean).sort().slice(0, MOST_TYPES);
}

/** As people read it: "America/New York". */
function zoneName(zone: string): string {
  return zone.replaceAll('_', ' ');
}

/** Past the tabs and filters. The URL holds the view alone, so no anchor enters it. */
function skip(event: MouseEvent) {
  event.preventDefault();
  document.getElementById('imports')?.focus();
}

/** A list that did not load. What the link is to blame for is dropped from it; the rest is for the reader to see. */
function Refusal({
  failure,
  list,
  actions,
  onRefused,
}: {
  failure: Failure;
  list: List;
  actions: Actions;
  onRefused(): void;
}) {
  const change = blamed(failure, list.view);
  if (change) {
    return (
      <ErrorPanel
        failure={failure}
        onRefused={onRefused}
        onRetry={() => actions.drop(change.without, change.reason)}
        atOnce
      />
    );
  }
  return <ErrorPanel failure={failure} attempt={list.attempt} onRefused={onRefused} onRetry={actions.retry} />;
}

function blamed(failure: Failure, view: View): { without: Partial<View>; reason: string } | null {
  const argument = failure.argument ?? '';
  if (view.after && (argument === 'after' || failure.code === 'INVALID_CURSOR' || failure.code === 'CURSOR_MISMATCH')) {
    const reason =
      failure.code === 'CURSOR_MISMATCH'
        ? 'The place in the list belongs to another order.'
        : 'The place in the list is damaged or incomplete.';
    return { without: { after: null }, reason };
  }
  if (argument.startsWith('filter.createdAt') && hasSpan(view.created)) {
    return { without: { created: NO_FILTERS.created }, reason: 'The created dates were not accepted.' };
  }
  if (argument.startsWith('filter.updatedAt') && hasSpan(view.updated)) {
    return { without: { updated: NO_FILTERS.updated }, reason: 'The updated dates were not accepted.' };
  }
  if (argument.startsWith('filter.status') && view.statuses.length) {
    return { without: { statuses: [], isExcluding: false }, reason: 'The statuses were not accepted.' };
  }
  if (argument.startsWith('filter.fileName') && view.fileName) {
    return { without: { fileName: '' }, reason: 'The search was not accepted.' };
  }
  if (argument.startsWith('filter.type') && view.types.length) {
    return { without: { types: [], isExcludingTypes: false }, reason: 'The types were not accepted.' };
  }
  return null;
}
