/**
 * What a request to the gateway can end in, other than data.
 *
 * Takes the response, or the reason why there is none; gives one `Failure` with the code, the sentence and the argument
 * that the gateway's errors carry. The codes are part of its public interface.
 */
import { isSendable } from './key';

export class Failure extends Error {
  constructor(
    /** `extensions.code` of the first error, or `UNREACHABLE` where nothing answered. */
    readonly code: string,
    message: string,
    /** Dotted path from the field's argument, as in `filter.createdAt`. */
    readonly argument: string | null = null,
    /** Seconds to wait, where the answer named them. */
    readonly retryAfterS: number | null = null,
  ) {
    super(message);
    this.name = 'Failure';
  }
}

interface Answer {
  data?: object;
  errors?: { message: string; extensions?: { code?: string; argument?: string } }[];
}

/** Unit: milliseconds. The gateway gives up by itself after eleven seconds; one that is longer silent hangs. */
const PATIENCE = 15_000;
/** What a proxy means that answers in place of the gateway, without a code. */
const CODES: Record<number, string> = {
  429: 'RATE_LIMITED',
  502: 'SERVICE_UNAVAILABLE',
  503: 'SERVICE_UNAVAILABLE',
  504: 'TIMEOUT',
};

/** Posts an operation and gives its `data`. Errors: a `Failure` for whatever else comes back. */
export async function post(
  key: string,
  body: { query: string | null | undefined; variables: object },
): Promise<object> {
  if (!isSendable(key)) throw new Failure('UNAUTHENTICATED', 'This is no API key.');
  const [response, text] = await fetch('graphql', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/graphql-response+json',
      Authorization: `Bearer ${key}`,
    },
    body: JSON.stringify(body),
    cache: 'no-store',
    signal: AbortSignal.timeout(PATIENCE),
  })
    .then(async (response) => [response, await response.text()] as const)
    .catch(() => {
      throw new Failure('UNREACHABLE', 'The service did not answer.');
    });
  const answer = parse(text);
  const first = answer.errors?.[0];
  // Part of the data may be there too; a page that shows half an answer as if it were all of it would mislead.
  if (first || !answer.data) {
    const { code, argument } = first?.extensions ?? {};
    throw new Failure(
      code ?? CODES[response.status] ?? `HTTP_${response.status}`,
      first?.message ?? `The service answered with status ${response.status}.`,
      argument ?? null,
      secondsOf(response.headers.get('Retry-After')),
    );
  }
  return answer;
}

function parse(text: string): Answer {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

function secondsOf(retryAfter: string | null): number | null {
  const seconds = Number.parseInt(retryAfter ?? '', 10);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}
