/** The gateway under test, as `run.js` started it. */
export const URL_BASE = required('GATEWAY_URL');
export const KEY = required('GATEWAY_KEY');
/** The key of an account with a tenth of the imports. */
export const SMALL_KEY = required('GATEWAY_SMALL_KEY');

/** Posts an operation and gives the whole answer. */
export async function ask(query, variables = {}, key = KEY) {
  const response = await fetch(`${URL_BASE}/graphql`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

const known = new Map();

/** Every import's REST id, newest first, by plain requests: what each client is measured by. Asked for once. */
export function allIds(key = KEY) {
  if (!known.has(key)) known.set(key, askForIds(key));
  return known.get(key);
}

/** The REST ids of the newest hundred imports, newest first. */
export async function newestIds() {
  const { data } = await ask('{ imports(first: 100) { nodes { databaseId } } }');
  return data.imports.nodes.map((node) => node.databaseId);
}

async function askForIds(key) {
  const ids = [];
  let after = null;
  do {
    const { data } = await ask(
      'query ($after: String) { imports(first: 100, after: $after) { nodes { databaseId } pageInfo { hasNextPage endCursor } } }',
      { after },
      key,
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
