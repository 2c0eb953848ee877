/**
 * How the editor reaches the gateway: with this tab's key, which stands in no editor, no link and no storage of its own.
 *
 * Queries go by HTTP, subscriptions by WebSocket; both with the same key.
 */
import type { Fetcher, FetcherParams } from '@graphiql/toolkit';
import { Kind, OperationTypeNode, parse } from 'graphql';
import type { ExecutionResult } from 'graphql-ws';
import { isSendable } from '../page/key';
import { createSocket } from '../page/socket';

const NO_KEY = failed('Enter an API key in the field at the top of the page first.');

/** An `Authorization` of the editor's own headers goes before `key`; where it is refused, `key` is not at fault. */
export function createFetcher(key: string | null, onRefused: () => void): Fetcher {
  return async (operation: FetcherParams, options) => {
    const headers = sendable({
      'Content-Type': 'application/json',
      Accept: 'application/graphql-response+json, application/json;q=0.9',
    });
    const typed = sendable(options?.headers ?? {});
    if (!headers || !typed) return failed('One of the headers cannot be sent: its name or its value is not one.');
    typed.forEach((value, name) => headers.set(name, value));
    const hasOwnKey = typed.has('Authorization');
    if (!hasOwnKey) {
      if (key === null) return NO_KEY;
      if (!isSendable(key)) {
        onRefused();
        return NO_KEY;
      }
      headers.set('Authorization', `Bearer ${key}`);
    }
    if (isSubscription(operation)) return subscription(operation, headers, () => !hasOwnKey && onRefused());
    const response = await fetch('graphql', {
      method: 'POST',
      headers,
      body: JSON.stringify(operation),
      cache: 'no-store',
    }).catch(() => null);
    if (!response) return failed('The service did not answer.');
    if (response.status === 401 && !hasOwnKey) onRefused();
    return response.json().catch(() => failed(`The service answered with status ${response.status}.`));
  };
}

/** Where a document is none, the gateway says why, as an answer to a query. */
function isSubscription({ query, operationName }: FetcherParams): boolean {
  try {
    const operations = parse(query).definitions.filter((each) => each.kind === Kind.OPERATION_DEFINITION);
    const chosen = operationName ? operations.find(({ name }) => name?.value === operationName) : operations[0];
    return chosen?.operation === OperationTypeNode.SUBSCRIPTION;
  } catch {
    return false;
  }
}

interface Sink {
  next(answer: ExecutionResult): void;
  error(error: unknown): void;
  complete(): void;
}

/** A connection of its own for each subscription, which ends with it. */
function subscription(operation: FetcherParams, headers: Headers, onRefused: () => void) {
  const parameters: Record<string, string> = {};
  for (const name of ['Authorization', 'Account-Token']) {
    const value = headers.get(name);
    if (value !== null) parameters[name] = value;
  }
  return {
    subscribe(sink: Sink) {
      const socket = createSocket(parameters);
      const { query, variables } = operation;
      const operationName = operation.operationName ?? undefined;
      const end = socket.subscribe(
        { query, variables, operationName },
        {
          next: (answer) => sink.next(answer as ExecutionResult),
          error(reason) {
            if ((reason as Partial<CloseEvent>).code === 4401) onRefused();
            sink.next(Array.isArray(reason) ? { errors: reason } : failed(sentenceOf(reason)));
            sink.complete();
          },
          complete: () => sink.complete(),
        },
      );
      return { unsubscribe: end };
    },
  };
}

function sentenceOf(reason: unknown): string {
  const { code, reason: said } = reason as Partial<CloseEvent>;
  return code === undefined
    ? 'The service did not answer.'
    : `The service closed the connection: ${said || 'without a reason'} (${code}).`;
}

/** Headers by name, in whatever case each is written, or null where one is none. */
function sendable(headers: Record<string, unknown>): Headers | null {
  const result = new Headers();
  try {
    for (const [name, value] of Object.entries(headers)) result.set(name, String(value));
    return result;
  } catch {
    return null;
  }
}

function failed(message: string) {
  return { errors: [{ message }] };
}
