/** How the editor reaches the gateway: with this tab's key, which stands in no editor, no link and no storage of its own. */
import type { Fetcher, FetcherParams } from '@graphiql/toolkit';
import { isSendable } from '../page/key';

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
