// The two gateways, each from a supergraph to a function that answers a document for a caller's key.
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
import { parse } from 'graphql';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

export async function apollo(supergraphSdl) {
  const gateway = new ApolloGateway({
    supergraphSdl,
    logger: silent,
    buildService: ({ url }) =>
      new RemoteGraphQLDataSource({
        url,
        willSendRequest({ request, context }) {
          if (context.authorization) request.http.headers.set('authorization', context.authorization);
        },
      }),
  });
  const { schema, executor } = await gateway.load();
  const ask = async (query, key, variables = {}) =>
    executor({
      request: { query, variables },
      document: parse(query),
      queryHash: query,
      schema,
      logger: silent,
      metrics: {},
      cache: new Map(),
      context: { authorization: key && `Bearer ${key}` },
      overallCachePolicy: { restrict() {} },
    });
  return { ask, stop: () => gateway.stop() };
}

export async function hive(supergraph) {
  const runtime = createGatewayRuntime({
    supergraph,
    logging: false,
    propagateHeaders: {
      fromClientToSubgraphs: ({ request }) => ({ authorization: request.headers.get('authorization') }),
    },
  });
  const ask = async (query, key, variables = {}) => {
    const headers = { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) };
    const body = JSON.stringify({ query, variables });
    return (await runtime.fetch('http://localhost/graphql', { method: 'POST', headers, body })).json();
  };
  return { ask, stop: () => runtime[Symbol.asyncDispose]() };
}
