// A second subgraph of the Relay kind: comments on imports, with `node`, a connection and types of its own.
import { createServer } from 'node:http';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse } from 'graphql';

export const SDL = `
extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])

interface Node { id: ID! }

type Comment implements Node @key(fields: "id") { id: ID! text: String! on: Import author: Account }
type CommentConnection { edges: [CommentEdge!]! nodes: [Comment!]! pageInfo: PageInfo! }
type CommentEdge { cursor: String! node: Comment! }
type PageInfo @shareable { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }

type Import @key(fields: "id") { id: ID! comments: CommentConnection! }
type Account @key(fields: "id") { id: ID! commentCount: Int! }

type Query { comments: CommentConnection! node(id: ID!): Node nodes(ids: [ID!]!): [Node]! }
`;

// `subjects` are the imports that have a comment each, and `authors` the accounts that wrote them.
export async function serve(subjects, authors) {
  const comments = subjects.map((on, place) => ({
    __typename: 'Comment',
    id: `comment-${place}`,
    text: `about ${on}`,
    on: { __typename: 'Import', id: on },
    author: { __typename: 'Account', id: authors[place % authors.length] },
  }));
  const connection = (nodes) => ({
    nodes,
    edges: nodes.map((node) => ({ cursor: node.id, node })),
    pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: nodes[0]?.id, endCursor: nodes.at(-1)?.id },
  });
  const find = (id) => comments.find((comment) => comment.id === id) ?? null;
  const schema = buildSubgraphSchema({
    typeDefs: parse(SDL),
    resolvers: {
      Query: {
        comments: () => connection(comments),
        node: (_, { id }) => find(id),
        nodes: (_, { ids }) => ids.map(find),
      },
      Node: { __resolveType: () => 'Comment' },
      Comment: { __resolveReference: ({ id }) => find(id) },
      Import: {
        __resolveReference: ({ id }) => ({ id }),
        comments: ({ id }) => connection(comments.filter((comment) => comment.on.id === id)),
      },
      Account: {
        __resolveReference: ({ id }) => ({ id }),
        commentCount: ({ id }) => comments.filter((comment) => comment.author.id === id).length,
      },
    },
  });
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { query, variables, operationName } = JSON.parse(Buffer.concat(chunks).toString());
    const answer = await graphql({ schema, source: query, variableValues: variables, operationName });
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${server.address().port}/graphql` };
}
