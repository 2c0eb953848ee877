/**
 * A Relay environment: one store, one way to the network.
 *
 * Each list gets one of its own. Relay joins pages into a connection only at its ends; a list that starts at a cursor
 * of its own (a link, a reload, the back button) would not fit the one already in a shared store, and Relay would drop
 * its rows.
 */
import { Environment, Network, RecordSource, Store, type IEnvironment } from 'relay-runtime';
import { post } from '../page/failure';

export function createEnvironment(key: string): IEnvironment {
  return new Environment({
    network: Network.create(async (request, variables) => {
      // Errors are thrown here because Relay hands out null for a failed field and keeps its error to itself.
      return (await post(key, { query: request.text, variables })) as never;
    }),
    store: new Store(new RecordSource()),
  });
}
