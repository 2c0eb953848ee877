// graphql-js on what the gateway says of its schema: by introspection, and as text.
import assert from 'node:assert/strict';
import { buildClientSchema, buildSchema, getIntrospectionQuery, printSchema, validateSchema } from 'graphql';

async function introspected({ url, headers }) {
  const query = getIntrospectionQuery({
    descriptions: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    inputValueDeprecation: true,
    oneOf: true,
  });
  const answer = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return buildClientSchema(data);
}

async function text({ base, headers }) {
  return (await fetch(`${base}/schema.graphql`, { headers })).text();
}

export async function printedSchemaIsTheText(gateway) {
  assert.equal(`${printSchema(await introspected(gateway))}\n`, await text(gateway));
}

export async function textIsASchemaWithoutBuiltIns(gateway) {
  const sdl = await text(gateway);
  // As strict readers do: a directive of the specification that is defined again is refused.
  assert.doesNotMatch(sdl, /^directive /m);
  assert.deepEqual(validateSchema(buildSchema(sdl)), []);
}
