/**
 * One stream of changes that mends itself: lost connections are made again, from the last change that came.
 *
 * Takes an operation and where it begins; gives changes in their order, some at a time, and what the connection is like.
 */
import type { FormattedExecutionResult } from 'graphql-ws';
import { isSendable } from '../page/key';
import { closeSocket, createSocket } from '../page/socket';
import type { liveSubscription$data } from './__generated__/liveSubscription.graphql';

export type Change = liveSubscription$data['importChanges'];

/**
 * `connecting`: for the first time; `live`: changes come as they happen; `lost`: it is tried again; `paused`: by the
 * reader; `hidden`: nobody looks; `refused`: the key has ended or is none; `off`: the service has no changes.
 */
export type Phase = 'connecting' | 'live' | 'lost' | 'paused' | 'hidden' | 'refused' | 'off';

interface Operation {
  query: string;
  variables: Record<string, unknown>;
}

interface Source extends Operation {
  key: string;
  /** What else to listen to, for the fact alone that something changed. */
  beside: (Operation & { onChange(): void }) | null;
  after: string;
  onChanges(changes: Change[]): void;
  onPhase(phase: Phase): void;
  /** What came after the last change is no longer known: the list has to be read anew. The stream has ended. */
  onExpired(): void;
}

/** Unit: milliseconds. Changes that come in quick succession are drawn together. */
const GATHER = 150;
/** Unit: milliseconds. The wait before another try doubles with each that fails. */
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30_000;
/** Unit: milliseconds. A connection that lasted as long was sound: the next wait is the shortest one again. */
const SOUND = 10_000;
/** The key was refused; as a close code of the protocol. */
const UNAUTHORIZED = 4401;

/** Runs until the function that it gives is called. */
export function followChanges(source: Source): () => void {
  let after = source.after;
  let failures = 0;
  let over = false;
  let endConnection = () => {};
  let gathered: Change[] = [];
  let gathering: ReturnType<typeof setTimeout> | undefined;
  let waiting: ReturnType<typeof setTimeout> | undefined;

  function connect() {
    if (!isSendable(source.key)) return end(() => source.onPhase('refused'));
    let connectedAt: number | null = null;
    let isOver = false;
    const client = createSocket(
      { Authorization: `Bearer ${source.key}` },
      {
        connected() {
          connectedAt = Date.now();
          source.onPhase('live');
        },
      },
    );
    const lose = (reason: unknown) => {
      if (isOver || over) return;
      isOver = true;
      closeSocket(client);
      if (isRefusal(reason)) return end(() => source.onPhase('refused'));
      if (codesOf(reason).some((code) => code === 'CHANGES_EXPIRED' || code === 'INVALID_CURSOR')) {
        return end(source.onExpired);
      }
      if (connectedAt !== null && Date.now() - connectedAt >= SOUND) failures = 0;
      source.onPhase('lost');
      const wait = Math.min(FIRST_WAIT * 2 ** failures, LONGEST_WAIT);
      failures += 1;
      // Spread, so that all who lost the same server do not come back at the same instant.
      waiting = setTimeout(connect, wait * (0.5 + Math.random() / 2));
    };
    client.subscribe(
      { query: source.query, variables: { ...source.variables, after } },
      {
        next(answer: FormattedExecutionResult<Record<string, unknown>>) {
          if (isOver || over) return;
          const change = answer.data?.importChanges as Change | undefined;
          // A change that cannot be read comes again and again: what is behind it is reached by a list read anew alone.
          if (answer.errors?.length || !change) return lose(answer.errors);
          after = change.cursor;
          gathered.push(change);
          gathering ??= setTimeout(hand, GATHER);
        },
        error: lose,
        complete: () => lose(null),
      },
    );
    if (source.beside) {
      const { query, variables, onChange } = source.beside;
      // Whatever ends this one ends the other, which says so.
      client.subscribe({ query, variables }, { next: onChange, error() {}, complete() {} });
    }
    endConnection = () => {
      isOver = true;
      closeSocket(client);
    };
  }

  function hand() {
    const changes = gathered;
    gathered = [];
    gathering = undefined;
    source.onChanges(changes);
  }

  function end(then: () => void) {
    stop();
    then();
  }

  function stop() {
    over = true;
    endConnection();
    clearTimeout(waiting);
    clearTimeout(gathering);
    removeEventListener('online', tryNow);
  }

  function tryNow() {
    if (waiting === undefined) return;
    clearTimeout(waiting);
    waiting = undefined;
    connect();
  }

  addEventListener('online', tryNow);
  connect();
  return stop;
}

function isRefusal(reason: unknown): boolean {
  return (reason as CloseEvent | null)?.code === UNAUTHORIZED || codesOf(reason).includes('UNAUTHENTICATED');
}

/** The codes of GraphQL errors; none where a connection failed. */
function codesOf(reason: unknown): unknown[] {
  return Array.isArray(reason) ? reason.map((error) => error?.extensions?.code) : [];
}
