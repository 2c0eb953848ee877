/** How the editor reaches the gateway: with this tab's key, which stands in no editor, no link and no storage of its own. */
import type { Fetcher, FetcherParams } from '@graphiql/toolkit';
import { isSendable } from '../page/key';

const NO_KEY = failed('Enter an API key in the field at the top of the page first.');

export function createFetcher(key: string | null, onRefused: () => void): Fetcher {
  return async (operation: FetcherParams, options) => {
    if (key === null) return NO_KEY;
    if (!isSendable(key)) {
      onRefused();
      return NO_KEY;
    }
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/graphql-response+json, application/json;q=0.9',
        Authorization: `Bearer ${key}`,
        ...options?.headers,
      },
      body: JSON.stringify(operation),
      cache: 'no-store',
    }).catch(() => null);
    if (!response) return failed('The service did not answer.');
    if (response.status === 401) onRefused();
    return response.json().catch(() => failed(`The service answered with status ${response.status}.`));
  };
}

function failed(message: string) {
  return { errors: [{ message }] };
}
