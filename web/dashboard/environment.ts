/**
 * A Relay environment: one store, one way to the network, and changes that come by themselves.
 *
 * Each list gets one of its own. Relay joins pages into a connection only at its ends; a list that starts at a cursor
 * of its own (a link, a reload, the back button) would not fit the one already in a shared store, and Relay would drop
 * its rows.
 */
import {
  Environment,
  Network,
  RecordSource,
  Store,
  type IEnvironment,
  type OperationDescriptor,
  type PayloadData,
} from 'relay-runtime';
import { post } from '../page/failure';

export interface LiveEnvironment {
  environment: IEnvironment;
  /** Writes an import as a change has it, so that it shows wherever the import is shown. */
  apply(operation: OperationDescriptor, data: PayloadData): void;
}

interface Answer {
  /** Changes that came while it was under way. */
  meanwhile: [OperationDescriptor, PayloadData][];
}

export function createEnvironment(key: string): LiveEnvironment {
  const underWay = new Set<Answer>();
  const environment = new Environment({
    network: Network.create(async (request, variables) => {
      const answer: Answer = { meanwhile: [] };
      underWay.add(answer);
      try {
        // Errors are thrown here because Relay hands out null for a failed field and keeps its error to itself.
        return (await post(key, { query: request.text, variables })) as never;
      } finally {
        // An answer may have been read before a change that came before it: the change is written again. Relay takes an
        // answer in before timers run.
        setTimeout(() => {
          underWay.delete(answer);
          for (const [operation, data] of answer.meanwhile) environment.commitPayload(operation, data);
        });
      }
    }),
    store: new Store(new RecordSource()),
  });
  return {
    environment,
    apply(operation, data) {
      for (const { meanwhile } of underWay) meanwhile.push([operation, data]);
      environment.commitPayload(operation, data);
    },
  };
}
