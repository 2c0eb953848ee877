// What GraphQL clients make of data with errors (294), of a document that is not run (422) and of a refused key (401), each
// asked as it asks by itself. The table in docs/clients.md is what they are seen to do here.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import * as urql6 from '@urql/core';
import { parse } from 'graphql';
import { GraphQLClient } from 'graphql-request';
import * as urql5 from 'urql-core-5';

const FIELDS = '{ viewer { name } bad: imports(first: 101) { perPage } }';
const UNKNOWN = '{ viewer { nothing } }';
// The code of each answer's error; the first answer has data too.
const ASKED = [
  [FIELDS, true, 'BAD_USER_INPUT'],
  [UNKNOWN, true, 'GRAPHQL_VALIDATION_FAILED'],
  [FIELDS, false, 'UNAUTHENTICATED'],
];

const DOCUMENTS = fileURLToPath(new URL('../../docs/clients.md', import.meta.url));
const PYTHON = fileURLToPath(new URL('../../target/tools-python/bin/python', import.meta.url));

// Each gives or throws whatever the client gives or throws.
const CLIENTS = {
  'Relay, as in this page': ({ url, fetch }) => async (query, headers) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: JSON.stringify({ query, variables: {} }),
    });
    return response.json();
  },
  '@apollo/client': ({ url, fetch }) => async (query, headers) => {
    const link = new HttpLink({ uri: url, headers, fetch });
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    const { data, error } = await client.query({ query: parse(query), errorPolicy: 'all', fetchPolicy: 'no-cache' });
    return { data, errors: error?.errors, error: error?.message, bodyText: error?.bodyText };
  },
  '@urql/core': urql(urql6),
  'urql-core-5': urql(urql5),
  'graphql-request': ({ url, fetch }) => async (query, headers) => {
    const client = new GraphQLClient(url, { headers, fetch, errorPolicy: 'all' });
    return client.rawRequest(query);
  },
  '@graphiql/toolkit': ({ url, fetch }) => async (query, headers) => {
    const fetcher = createGraphiQLFetcher({ url, headers, fetch });
    const answers = await fetcher({ query }, {});
    return (await answers.next()).value;
  },
  gql: ({ url }) => async (query, headers) => {
    const program = `
import json, sys
from gql import Client, gql
from gql.transport.requests import RequestsHTTPTransport
url, query, headers = sys.argv[1:]
transport = RequestsHTTPTransport(url=url, headers=json.loads(headers))
try:
    print(json.dumps({"data": Client(transport=transport).execute(gql(query))}))
except Exception as error:
    print(json.dumps({"data": getattr(error, "data", None), "errors": getattr(error, "errors", None), "error": str(error)}))
`;
    const { stdout } = await promisify(execFile)(PYTHON, ['-c', program, url, query, JSON.stringify(headers)]);
    return JSON.parse(stdout);
  },
};

function urql({ Client, fetchExchange }) {
  return ({ url, fetch }) =>
    async (query, headers) => {
      const client = new Client({ url, exchanges: [fetchExchange], fetchOptions: { headers }, fetch, preferGetMethod: false });
      const { data, error } = await client.query(query, {}).toPromise();
      return { data, errors: error?.graphQLErrors?.map(({ extensions }) => ({ extensions })), error: error?.message };
    };
}

// What a client hands over: data, the error's code.
function handedOver(given, code) {
  const parts = [];
  if (given.data?.viewer?.name) parts.push('data');
  if (JSON.stringify(given).includes(code)) parts.push('code');
  return parts.join(', ') || 'a message alone';
}

async function version(name) {
  if (name === 'gql') {
    const requirements = await readFile(new URL('requirements.txt', import.meta.url), 'utf8');
    return /^gql==(.*)$/m.exec(requirements)[1];
  }
  const file = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(await readFile(file, 'utf8')).version;
}

async function row(name, gateway) {
  const seen = [];
  const spied = async (input, init) => {
    const response = await fetch(input, init);
    seen.push({ accept: new Headers(init.headers).get('accept') ?? '*/*', status: response.status });
    return response;
  };
  const ask = CLIENTS[name]({ url: gateway.url, fetch: spied });
  const cells = [];
  for (const [query, hasKey, code] of ASKED) {
    const key = hasKey ? gateway.key : 'igw_nobodys';
    let given;
    try {
      given = await ask(query, { authorization: `Bearer ${key}` });
    } catch (error) {
      given = { message: error.message, ...error, ...error.response };
    }
    cells.push(handedOver(given, code));
  }
  const label = name.startsWith('Relay') ? name : `${name.replace('urql-core-5', '@urql/core')} ${await version(name)}`;
  const statuses = seen.map(({ status }) => status).join(', ') || (name === 'gql' ? 'not seen' : '');
  const prefers = seen.some(({ accept }) => accept.includes('graphql-response')) ? 'yes' : 'no';
  return `| ${label} | ${name === 'gql' ? 'no' : prefers} | ${statuses} | ${cells.join(' | ')} |`;
}

export async function clientsReadEveryStatusAsTheTableSays(gateway) {
  assert.ok(existsSync(PYTHON), PYTHON);
  const rows = [];
  for (const name of Object.keys(CLIENTS)) rows.push(await row(name, gateway));
  const text = await readFile(DOCUMENTS, 'utf8');
  const table = /<!-- table: statuses -->\n.*\n.*\n([^]*?)<!-- end -->/.exec(text)?.[1].trim().split('\n') ?? [];
  assert.deepEqual(table, rows, `docs/clients.md:\n${rows.join('\n')}`);
}
