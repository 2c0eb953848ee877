/** The gateway under test, as `run.js` started it. */
export const URL_BASE = required('GATEWAY_URL');
export const KEY = required('GATEWAY_KEY');

/** Posts an operation and gives the whole answer. */
export async function ask(query, variables = {}) {
  const response = await fetch(`${URL_BASE}/graphql`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${KEY}` },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

/** Every import's REST id, newest first, by plain requests: what each client is measured by. */
export async function allIds() {
  const ids = [];
  let after = null;
  do {
    const { data } = await ask(
      'query ($after: String) { imports(first: 100, after: $after) { nodes { databaseId } pageInfo { hasNextPage endCursor } } }',
      { after },
    );
    ids.push(...data.imports.nodes.map((node) => node.databaseId));
    after = data.imports.pageInfo.hasNextPage ? data.imports.pageInfo.endCursor : null;
  } while (after);
  return ids;
}

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run these tests with "npm test"`);
  return value;
}
