// Holds a running gateway to the GraphQL-over-HTTP draft, by the audits of graphql-http.
//
// Usage: node audit.mjs URL KEY. Prints each audit that doesn't pass, then `graphql-http: 61 of 61`; exits with 1
// unless all pass, recommendations too, and there are as many as expected: fewer would be a silence, not a success.
import { serverAudits } from 'graphql-http';

const EXPECTED = 61;

const [url, key] = process.argv.slice(2);
if (!url || !key) {
  console.error('usage: node audit.mjs URL KEY');
  process.exit(2);
}

const fetchFn = (input, init = {}) => {
  const headers = new Headers(init.headers);
  headers.set('authorization', `Bearer ${key}`);
  return fetch(input, { ...init, headers });
};

let passed = 0;
const audits = serverAudits({ url, fetchFn });
for (const audit of audits) {
  try {
    const result = await audit.fn();
    if (result.status === 'ok') {
      passed += 1;
    } else {
      console.log(`${result.status} ${audit.id} ${audit.name}\n    ${result.reason}`);
    }
  } catch (error) {
    console.log(`broken ${audit.id} ${audit.name}\n    ${error.cause ?? error}`);
  }
}

if (audits.length !== EXPECTED) {
  console.log(`${audits.length} audits, where ${EXPECTED} are expected`);
}
console.log(`graphql-http: ${passed} of ${EXPECTED}`);
process.exitCode = passed === EXPECTED && audits.length === EXPECTED ? 0 : 1;
