// Holds a running gateway to GraphQL over HTTP, by the audits of graphql-http.
//
// Usage: node audit.mjs URL KEY --http-statuses 2025|2026. The audits are of the drafts of 2025: in 2026 some ask for what
// the first edition changed, and each of these must fail, for the sentence that is told here. Prints each audit that ends
// otherwise, then `graphql-http: 61 of 61`; exits with 1 unless all end as they should, recommendations too, and there are
// as many as expected: fewer would be a silence, not a success.
import { serverAudits } from 'graphql-http';

const EXPECTED = 61;

const MALFORMED =
  'If the request is not a well-formed GraphQL-over-HTTP request, status code 422 SHOULD be used.';
const COERCION =
  "If the variable values cannot be coerced to match the operation's variable definitions, status code 422 SHOULD be used.";
// Audits that ask for a 400 where the first edition (its text of 6 August 2026, "Status Codes") has another status.
const DIFFERS = new Map([
  ...['423L', ...['LKJ', '6C0', '476', '58B'].flatMap((id) => [0, 1, 2, 3].map((n) => `${id}${n}`)), '3E3A'].map(
    (id) => [id, MALFORMED],
  ),
  ['86EE', COERCION],
]);

const [url, key, option, edition] = process.argv.slice(2);
if (!url || !key || option !== '--http-statuses' || !['2025', '2026'].includes(edition)) {
  console.error('usage: node audit.mjs URL KEY --http-statuses 2025|2026');
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
    const sentence = edition === '2026' ? DIFFERS.get(audit.id) : undefined;
    if (sentence && result.status !== 'ok' && result.reason === 'Response status code is not 400') {
      passed += 1;
      console.log(`differs ${audit.id}: ${sentence}`);
    } else if (sentence) {
      console.log(`${result.status} ${audit.id} ${audit.name}\n    no 422: ${result.reason ?? 'it passes'}`);
    } else if (result.status === 'ok') {
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
