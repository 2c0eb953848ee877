/**
 * The WebSocket to the gateway that subscriptions run over: `graphql-transport-ws`, by the client of graphql-ws.
 *
 * Not server-sent events: a browser opens six connections to a host at most, and six tabs that each keep one open for
 * events would leave none for anything else.
 */
import { createClient, type Client, type ClientOptions } from 'graphql-ws';

/** Unit: milliseconds between signs of life that the gateway is asked for, and how long it may take to give one. */
const PING_AFTER = 20_000;
const PONG_WITHIN = 10_000;
/** Unit: milliseconds until the key is accepted or refused. */
const ACCEPTED_WITHIN = 15_000;

/**
 * Opens with the first subscription, and closes with the last. `headers` are those that a request would have.
 *
 * A connection that is lost is told to its subscriptions as an error: when to connect again is for the caller to say.
 */
export function createSocket(headers: Record<string, string>, on: ClientOptions['on'] = {}): Client {
  let late: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    url: socketUrl(location.href),
    connectionParams: headers,
    retryAttempts: 0,
    connectionAckWaitTimeout: ACCEPTED_WITHIN,
    keepAlive: PING_AFTER,
    on: {
      ...on,
      ping(received) {
        // A network that has gone away closes nothing: without an answer, the connection counts as lost.
        if (!received) late = setTimeout(() => client.terminate(), PONG_WITHIN);
      },
      pong(received) {
        if (received) clearTimeout(late);
      },
      closed(event) {
        clearTimeout(late);
        on.closed?.(event);
      },
    },
  });
  return client;
}

/** Ends what runs over a socket. One whose connection never came about has nothing to close, and says so by a rejection. */
export function closeSocket(client: Client): void {
  Promise.resolve(client.dispose()).catch(() => {});
}

/** The address of `/graphql` beside a page, whose own address a proxy may have put a prefix before. */
export function socketUrl(page: string): string {
  const url = new URL('graphql', page);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.hash = '';
  return url.href;
}
