/** What `npm ci` installs, by the lock file: it runs on each Node.js that `package.json` accepts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { minVersion, satisfies } from 'semver';

const read = (path) => JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'));

test('every package accepts the oldest Node.js that the pages are built with', () => {
  const oldest = minVersion(read('package.json').engines.node).version;
  const packages = Object.entries(read('package-lock.json').packages);
  const newer = packages
    .filter(([, { engines }]) => engines?.node && !satisfies(oldest, engines.node))
    .map(([path, { version, engines }]) => `${path} ${version} wants ${engines.node}`);
  assert.ok(packages.length > 100, String(packages.length));
  assert.deepEqual(newer, [], `npm warns about each on Node.js ${oldest}`);
});
