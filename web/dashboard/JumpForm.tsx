/** A date to go to in the list: it starts with the imports of that day, and goes on as it did. */
import { useRef, useState, type FormEvent } from 'react';
import { fetchQuery, graphql } from 'react-relay';
import type { IEnvironment } from 'relay-runtime';
import { Failure } from '../page/failure';
import type { ImportPosition, JumpFormQuery } from './__generated__/JumpFormQuery.graphql';
import { addDays, DAYS, startOfDay } from './time';
import { toSort, type Sort, type View } from './view';

interface Props {
  view: View;
  environment: IEnvironment;
  onJump(change: Pick<View, 'sort' | 'after'>): void;
}

export function JumpForm({ view, environment, onJump }: Props) {
  const field = useRef<HTMLInputElement>(null);
  const last = useRef(0);
  const [said, setSaid] = useState('');

  async function jump(event: FormEvent) {
    event.preventDefault();
    const day = field.current?.value;
    if (!day) return;
    last.current += 1;
    const serial = last.current;
    const sort = sortByTime(view.sort);
    try {
      const after = await cursorAt(day, sort, environment);
      // Of two dates the later one holds, whichever answer comes first.
      if (serial !== last.current) return;
      setSaid('');
      onJump({ sort, after });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (serial === last.current) setSaid(`The date could not be looked up: ${error.message}`);
    }
  }

  return (
    <form className="jump" aria-label="Jump to a date" onSubmit={jump}>
      <span role="status" className="jump-said">
        {said}
      </span>
      <label htmlFor="jump">Jump to</label>
      <input ref={field} type="date" {...DAYS} id="jump" aria-label="Jump to date" required />
      <button type="submit" className="button">
        Go
      </button>
    </form>
  );
}

/** An order by time, in the same direction: dates stand in no other. */
function sortByTime(sort: Sort): Sort {
  return sort.field === 'id' ? { field: 'created_at', descending: sort.descending } : sort;
}

/** The cursor before the first import of a day, in the order's direction; null where the list starts there. */
async function cursorAt(day: string, sort: Sort, environment: IEnvironment): Promise<string | null> {
  const answer = await fetchQuery<JumpFormQuery>(
    environment,
    graphql`
      query JumpFormQuery($position: ImportPosition!, $sort: [ImportSort!]) {
        importCursorAt(position: $position, sort: $sort)
      }
    `,
    { position: positionOf(day, sort), sort: toSort(sort) },
    { fetchPolicy: 'network-only' },
  ).toPromise();
  return answer?.importCursorAt ?? null;
}

/** The first instant of a day; where the latest come first, the last one. */
export function positionOf(day: string, { field, descending }: Sort, zone?: string): ImportPosition {
  const at = descending
    ? new Date(startOfDay(addDays(day, 1), zone) - 1).toISOString().replace('999Z', '999999Z')
    : new Date(startOfDay(day, zone)).toISOString();
  return (field === 'updated_at' ? { updatedAt: at } : { createdAt: at }) as ImportPosition;
}
