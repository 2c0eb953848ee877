/** The documented recipes, on the real service: each client pages through everything, forward and backward. */
import { Window } from 'happy-dom';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe } from 'node:test';
import { allIds, KEY, SMALL_KEY, URL_BASE } from './gateway.js';
import { after, before, test } from './limits.js';
import { openSource } from './source.js';

const docs = readFileSync(new URL('../../docs/clients.md', import.meta.url), 'utf8');

describe('the client recipes', () => {
  let vite;
  let recipes;

  before(async () => {
    const window = new Window({ url: URL_BASE });
    Object.assign(globalThis, { window, document: window.document });
    vite = await openSource();
    recipes = await vite.ssrLoadModule('/clients/walk.tsx');
  });
  after(() => vite?.close());

  // The large account takes a hundred pages, the small one ten. Graphcache reads every page again with each new one: a
  // minute for what takes the others seconds.
  const keys = {
    relay: { forward: KEY, backward: SMALL_KEY },
    apollo: { forward: KEY, backward: SMALL_KEY },
    urql: { forward: SMALL_KEY, backward: SMALL_KEY },
  };
  for (const client of Object.keys(keys)) {
    for (const [direction, key] of Object.entries(keys[client])) {
      test(`${client} pages ${direction} through every import, each once and in order`, async () => {
        const walked = await recipes.walk(client, direction, `${URL_BASE}/graphql`, key);
        const rows = Number(process.env.GATEWAY_ROWS) / (key === KEY ? 1 : 10);
        assert.equal(walked.length, rows);
        assert.deepEqual(walked, await allIds(key));
      });
    }
  }
});

describe('the page about clients', () => {
  const blocks = [...docs.matchAll(/<!-- (\S+) -->\n```\w+\n([\s\S]*?)```/g)];

  test('shows a recipe for each client', () => {
    const files = blocks.map(([, file]) => file);
    for (const client of ['relay', 'apollo', 'urql'])
      assert.ok(files.includes(`web/clients/${client}/imports.ts`), client);
  });

  test('says how to install what the recipes import', () => {
    const installed = new Set([...docs.matchAll(/npm install ([^`]+)`/g)].flatMap(([, words]) => words.split(' ')));
    for (const [, file, text] of blocks.filter(([, file]) => /\.tsx?$/.test(file))) {
      for (const [, name] of text.matchAll(/from '((?:@[\w-]+\/)?[\w-]+)[^']*'/g)) {
        assert.ok(name === 'react' || installed.has(name), `${file} imports ${name}`);
      }
    }
  });

  for (const [, file, text] of blocks) {
    test(`shows ${file} as it is tested`, () => {
      assert.equal(text, readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'));
    });
  }
});
