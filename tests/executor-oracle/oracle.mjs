// Compares a running gateway with graphql-js, which executes the same random documents over the same rows.
//
// Usage: node oracle.mjs URL KEY [DOCUMENTS] [SEED]. A quarter of the documents is damaged as well, and must then be refused for
// its syntax, refused by validation, or neither, as by graphql-js. Some documents are asked for twice, with other values of their
// variables the second time. `data` must be the same text, errors must be of the same fields; a document that graphql-js finds
// invalid must be refused, and no other. Prints the first differences, then `executor-oracle: 20000 of 20000`; exits with
// 1 unless all documents agree.

import { readFileSync } from 'node:fs';
import { Kind, buildSchema, execute, parse, validate } from 'graphql';
import { randomDocument } from './documents.mjs';
import { Gateway } from './gateway.mjs';
import { rootValue } from './model.mjs';
import { Random } from './random.mjs';
import { readRows } from './rows.mjs';
import { damaged } from './syntax.mjs';

const AT_ONCE = 8;
const SHOWN = 5;
const DAMAGED_PERCENT = 25;
// What the gateway accepts of aliases and root fields, fragments expanded.
const MOST_ALIASES = 30;
const MOST_ROOT_FIELDS = 10;

const [url, key, documents = '20000', seed = '1'] = process.argv.slice(2);
if (!url || !key) {
  console.error('usage: node oracle.mjs URL KEY [DOCUMENTS] [SEED]');
  process.exit(2);
}

const gateway = new Gateway(url, key, AT_ONCE);
const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'));
const data = await readRows(gateway);
const statuses = schema.getType('ImportStatus').getValues().map(({ name }) => name);
const model = rootValue(data, statuses);
const random = new Random(Number(seed));

// A document within the limits, with its tree.
function next() {
  for (;;) {
    const made = randomDocument(random, schema, data);
    const document = parse(made.text);
    const { aliases, roots } = measure(document);
    if (aliases <= MOST_ALIASES && roots <= MOST_ROOT_FIELDS) {
      // Chosen here, so that a seed gives the same documents whichever is answered first.
      const broken = random.percent(DAMAGED_PERCENT) ? damaged(random, made.text) : null;
      return { ...made, document, broken };
    }
  }
}

// Aliases and root fields of the operation, fragments expanded.
function measure(document) {
  const fragments = new Map();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  let aliases = 0;
  let roots = 0;
  const walk = (set, isRoot) => {
    for (const part of set?.selections ?? []) {
      if (part.kind === Kind.FIELD) {
        aliases += part.alias ? 1 : 0;
        roots += isRoot ? 1 : 0;
        walk(part.selectionSet, false);
      } else {
        walk(part.selectionSet ?? fragments.get(part.name.value).selectionSet, isRoot);
      }
    }
  };
  walk(document.definitions.find(({ kind }) => kind === Kind.OPERATION_DEFINITION).selectionSet, true);
  return { aliases, roots };
}

// What is wrong with the gateway's answer; nothing where it agrees with graphql-js.
async function difference(document, text, variables, invalid) {
  const found = await gateway.ask(text, variables);
  const answer = JSON.parse(found);
  if (invalid.length) {
    const codes = (answer.errors ?? []).map(({ extensions }) => extensions.code);
    return 'data' in answer || codes.some((code) => code !== 'GRAPHQL_VALIDATION_FAILED')
      ? `is invalid: ${invalid[0].message}`
      : null;
  }
  const expected = await execute({ schema, document, rootValue: model, variableValues: variables });
  const dataText = JSON.stringify(expected.data);
  if (!expected.errors) {
    return found === `{"data":${dataText}}` ? null : `expected {"data":${dataText}}\nfound    ${found}`;
  }
  const places = (errors) =>
    JSON.stringify((errors ?? []).map(({ path, locations }) => [path, locations?.[0]]).sort());
  const isSame =
    JSON.stringify(answer.data) === dataText &&
    found.endsWith(`"data":${dataText}}`) &&
    places(answer.errors) === places(expected.errors.map((error) => error.toJSON()));
  return isSame ? null : `expected ${JSON.stringify(expected)}\nfound    ${found}`;
}

// What becomes of a document: the code that the gateway must have, or that it is run.
function verdict(text) {
  let document;
  try {
    document = parse(text);
  } catch {
    return 'GRAPHQL_PARSE_FAILED';
  }
  if (validate(schema, document).length) return 'GRAPHQL_VALIDATION_FAILED';
  const operations = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  return operations.length === 1 ? 'run' : 'OPERATION_RESOLUTION_FAILURE';
}

// What a variable's value, a limit or a wrong argument is refused with: none of the document's syntax or validity.
const OTHER = /^(QUERY_TOO_|BAD_USER_INPUT|INVALID_CURSOR|CURSOR_MISMATCH)/;

async function isDamageSeen(broken, variables) {
  const expected = verdict(broken);
  const answer = JSON.parse(await gateway.ask(broken, variables));
  const code = answer.errors?.[0].extensions.code ?? 'run';
  // Values of variables, and of scalars that graphql-js knows nothing of.
  const isOfValue =
    code === 'GRAPHQL_VALIDATION_FAILED' && /^`\$|is of the type (DateTime|BigInt)/.test(answer.errors[0].message);
  // graphql-js does not compare `__typename` with what has the same key on another type; the specification does.
  const isOfTypename = /: *__typename/.test(broken) && /different types/.test(answer.errors?.[0].message ?? '');
  if (expected === 'run' && isOfTypename) return true;
  const found = OTHER.test(code) || isOfValue ? 'other' : 'data' in answer ? 'run' : code;
  seen.damaged[expected] = (seen.damaged[expected] ?? 0) + 1;
  if (found === expected || found === 'other') return true;
  seen.failed += 1;
  if (seen.failed <= SHOWN) console.log(`${JSON.stringify(broken)}\nexpected ${expected}\nfound    ${JSON.stringify(answer)}\n`);
  return false;
}

const seen = { invalid: 0, failed: 0, conditional: 0, introspecting: 0, damaged: {} };

// Whether the gateway agrees on each run of the next document.
async function check({ document, text, runs, broken }) {
  const invalid = validate(schema, document);
  seen.invalid += invalid.length ? 1 : 0;
  seen.conditional += /@(skip|include)\(if: \$/.test(text) ? 1 : 0;
  seen.introspecting += /__(schema|type)\b/.test(text) ? 1 : 0;
  for (const values of runs) {
    const fault = await difference(document, text, values, invalid);
    if (fault) {
      seen.failed += 1;
      if (seen.failed <= SHOWN) console.log(`${text}\n${JSON.stringify(values)}\n${fault}\n`);
      return false;
    }
  }
  return broken === null || isDamageSeen(broken, runs[0]);
}

const count = Number(documents);
let agreed = 0;
let left = count;
const worker = async () => {
  while (left > 0) {
    left -= 1;
    if (await check(next())) agreed += 1;
  }
};
await Promise.all(Array.from({ length: AT_ONCE }, worker));

console.log(`seed ${seed}: ${JSON.stringify(seen)}`);
// Documents that reach nothing would agree on nothing.
const isTelling = seen.invalid < count / 10 && seen.conditional > count / 4 && seen.introspecting > count / 50;
if (!isTelling) console.log('too few of the documents tell anything');
console.log(`executor-oracle: ${agreed} of ${count}`);
process.exitCode = agreed === count && isTelling ? 0 : 1;
