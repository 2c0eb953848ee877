/** The panel with everything about one import. A dialog: focus stays in it, Escape closes it, focus returns. */
import { Suspense, useDeferredValue, useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react';
import { graphql, useLazyLoadQuery } from 'react-relay';
import { operationLink } from '../page/operation';
import query, { type ImportDetailQuery } from './__generated__/ImportDetailQuery.graphql';
import { Boundary } from './Boundary';
import { copyText } from './clipboard';
import { formatCount, formatDate, formatFileName, formatSize, formatSpan, formatTime, formatType } from './format';
import type { Place } from './ImportsList';
import { StatusLabel } from './status';
import { ErrorPanel } from './ErrorPanel';

interface Props {
  /** As in the REST API. */
  id: string;
  /** The imports around it in the list, and its own place; null where none is loaded. */
  previous: Place | null;
  place: Place | null;
  next: Place | null;
  onTurn(id: string): void;
  onClose(): void;
  onRefused(): void;
}

export function ImportDetail({ id, previous, place, next, onTurn, onClose, onRefused }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [attempt, setAttempt] = useState(0);
  const [said, setSaid] = useState('');
  // Turned to, an import shows once it is there; until then the last one stays.
  const shown = useDeferredValue(id);
  useEffect(() => setSaid(''), [id]);

  // Closed before it leaves the document: only then does the browser give the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);

  function turn(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const place = { j: next, k: previous }[event.key];
    if (place) onTurn(place.importId);
  }
  async function copy(what: string, text: string) {
    setSaid((await copyText(text)) ? `The ${what} is copied.` : 'This browser lets no page copy.');
  }

  return (
    <dialog
      ref={dialog}
      className="detail"
      aria-labelledby="detail-title"
      onKeyDown={turn}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div className="detail-body">
        <header>
          <h2 id="detail-title">Import {id}</h2>
          <Turn name="Previous" shortcut="k" icon="M4 10l4-4l4 4" place={previous} onTurn={onTurn} />
          <Turn name="Next" shortcut="j" icon="M4 6l4 4l4-4" place={next} onTurn={onTurn} />
          <button type="button" className="button" onClick={onClose}>
            Close
          </button>
        </header>
        <Boundary
          resetKey={`${shown} ${attempt}`}
          fallback={(failure) => (
            <ErrorPanel inline failure={failure} onRefused={onRefused} onRetry={() => setAttempt(attempt + 1)} />
          )}
        >
          <Suspense fallback={<p role="status">Loading…</p>}>
            <div className={shown === id ? undefined : 'list-stale'}>
              <Facts id={shown} attempt={attempt} />
            </div>
          </Suspense>
        </Boundary>
        <footer>
          <button type="button" className="button" onClick={() => copy('id', id)}>
            Copy id
          </button>
          {place && (
            <button type="button" className="button" onClick={() => copy('cursor', place.cursor)}>
              Copy cursor
            </button>
          )}
          <button
            type="button"
            className="button"
            onClick={() => copy('link', new URL(`./?import=${id}`, location.href).href)}
          >
            Copy link
          </button>
          <a
            className="button"
            href={operationLink({
              query: query.params.text ?? '',
              variables: JSON.stringify({ databaseId: id }, null, 2),
            })}
          >
            View this import in GraphiQL
          </a>
          <span role="status" className="second">
            {said}
          </span>
        </footer>
      </div>
    </dialog>
  );
}

interface TurnProps {
  name: string;
  shortcut: string;
  /** Path data of a 16 by 16 icon. */
  icon: string;
  place: Place | null;
  onTurn(id: string): void;
}

function Turn({ name, shortcut, icon, place, onTurn }: TurnProps) {
  return (
    <button
      type="button"
      className="button"
      aria-label={name}
      title={`${name} import in the list (${shortcut})`}
      aria-keyshortcuts={shortcut}
      aria-disabled={place === null}
      onClick={() => place && onTurn(place.importId)}
    >
      <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
        <path d={icon} />
      </svg>
    </button>
  );
}

function Facts({ id, attempt }: { id: string; attempt: number }) {
  const { importByDatabaseId: found } = useLazyLoadQuery<ImportDetailQuery>(
    graphql`
      query ImportDetailQuery($databaseId: BigInt!) {
        importByDatabaseId(databaseId: $databaseId) {
          id
          databaseId
          fileName
          fileSize
          type
          status
          note
          createdAt
          updatedAt
          completedAt
        }
      }
    `,
    { databaseId: id },
    { fetchKey: attempt },
  );
  if (!found) return <p role="status">This account has no import with the number {id}.</p>;
  return (
    <dl className="facts">
      <Fact name="Status">
        <StatusLabel status={found.status} />
      </Fact>
      <Fact name="File">{formatFileName(found.fileName)}</Fact>
      <Fact name="Type">
        {formatType(found.type)} <span className="second">{found.type}</span>
      </Fact>
      <Fact name="Size">
        {formatSize(found.fileSize)} <span className="second">{formatCount(Number(found.fileSize))} bytes</span>
      </Fact>
      <Fact name="Note">{found.note ?? 'None'}</Fact>
      <Fact name="Created">
        <Instant at={found.createdAt} />
      </Fact>
      <Fact name="Updated">
        <Instant at={found.updatedAt} />
      </Fact>
      <Fact name="Completed">{found.completedAt ? <Instant at={found.completedAt} /> : 'Not yet'}</Fact>
      <Fact name="Duration">{formatSpan(found.createdAt, found.completedAt) ?? 'Not completed'}</Fact>
      <Fact name="Node id">
        <code>{found.id}</code>
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Instant({ at }: { at: string }) {
  return (
    <time dateTime={at}>
      {formatDate(at)}, {formatTime(at)} <span className="second">{at}</span>
    </time>
  );
}
