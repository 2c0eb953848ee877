/** The panel with everything about one import. A dialog: focus stays in it, Escape closes it, focus returns. */
import { Suspense, useLayoutEffect, useRef, useState } from 'react';
import { graphql, useLazyLoadQuery } from 'react-relay';
import { operationLink } from '../page/operation';
import query, { type ImportDetailQuery } from './__generated__/ImportDetailQuery.graphql';
import { Boundary } from './Boundary';
import { formatCount, formatDate, formatFileName, formatSize, formatSpan, formatTime, formatType } from './format';
import { StatusLabel } from './status';
import { ErrorPanel } from './ErrorPanel';

interface Props {
  /** As in the REST API. */
  id: string;
  onClose(): void;
  onRefused(): void;
}

export function ImportDetail({ id, onClose, onRefused }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [attempt, setAttempt] = useState(0);

  // Closed before it leaves the document: only then does the browser give the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);

  return (
    <dialog
      ref={dialog}
      className="detail"
      aria-labelledby="detail-title"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div className="detail-body">
        <header>
          <h2 id="detail-title">Import {id}</h2>
          <button type="button" className="button" onClick={onClose}>
            Close
          </button>
        </header>
        <Boundary
          resetKey={attempt}
          fallback={(failure) => (
            <ErrorPanel inline failure={failure} onRefused={onRefused} onRetry={() => setAttempt(attempt + 1)} />
          )}
        >
          <Suspense fallback={<p role="status">Loading…</p>}>
            <Facts id={id} attempt={attempt} />
          </Suspense>
        </Boundary>
        <footer>
          <a
            className="button"
            href={operationLink({
              query: query.params.text ?? '',
              variables: JSON.stringify({ databaseId: id }, null, 2),
            })}
          >
            View this import in GraphiQL
          </a>
        </footer>
      </div>
    </dialog>
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
