// The three composers, each from names, addresses and texts of subgraphs to the text of a supergraph.
import { composeServices } from '@apollo/composition';
import { composeServices as composeByHive } from '@theguild/federation-composition';
import { federateSubgraphs } from '@wundergraph/composition';
import { parse, print } from 'graphql';

const fail = (errors) => {
  throw new Error(errors.map(({ message }) => message).join('\n'));
};

export function apollo(subgraphs) {
  const { errors, supergraphSdl } = composeServices(
    subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })),
  );
  return errors?.length ? fail(errors) : supergraphSdl;
}

export function hive(subgraphs) {
  const { errors, supergraphSdl } = composeByHive(
    subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })),
  );
  return errors?.length ? fail(errors) : supergraphSdl;
}

export function cosmo(subgraphs) {
  const composed = federateSubgraphs({
    subgraphs: subgraphs.map(({ name, url, sdl }) => ({ name, url, definitions: parse(sdl) })),
    version: '1',
  });
  return composed.success ? print(composed.federatedGraphAST) : fail(composed.errors);
}
