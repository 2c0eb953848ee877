// The inspector's command line: a process for each question.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const EDITIONS = ['2026-07-28', '2025-11-25'];
/** It keeps what the server says of a key to itself where it asks for the newer edition. */
export const tellsOfKeys = /valid API key|HTTP 401/;
/** It makes null of a text where the tool's schema has a number, and so sends none. */
export const sendsWrongTypes = false;

const run = promisify(execFile);
const program = fileURLToPath(new URL('node_modules/.bin/mcp-inspector', import.meta.url));

export async function connect(url, key, edition) {
  const era = edition === '2025-11-25' ? 'legacy' : 'auto';
  const home = await mkdtemp(join(tmpdir(), 'mcp-inspector-'));
  const env = { ...process.env, HOME: home, NO_COLOR: '1' };
  const ask = async (...words) => {
    const target = ['--cli', url, '--transport', 'http', '--protocol-era', era, '--stored-auth-only', '--format', 'json'];
    target.push('--header', `Authorization: Bearer ${key}`);
    try {
      const { stdout } = await run(process.execPath, [program, ...target, ...words], { env, maxBuffer: 1 << 24 });
      return JSON.parse(stdout).result;
    } catch (error) {
      // It exits with a status of its own where a tool says what is wrong, and prints the result all the same.
      if (error.stdout?.trim().startsWith('{')) return JSON.parse(error.stdout).result;
      throw new Error(error.stderr || error.message);
    }
  };
  const result = async (name, args) => {
    const words = ['--method', 'tools/call', '--tool-name', name, '--tool-args-json', JSON.stringify(args)];
    return ask(...words);
  };
  return {
    async tools() {
      // Strict: what it warns of as hard for others to read is an error.
      return (await ask('--method', 'tools/list', '--strict')).tools.map(({ name }) => name);
    },
    async call(name, args) {
      const { isError, structuredContent, content } = await result(name, args);
      assert.ok(!isError, content?.[0]?.text);
      assert.deepEqual(JSON.parse(content[0].text), structuredContent);
      return structuredContent;
    },
    async complaint(name, args) {
      const { isError, content } = await result(name, args);
      assert.equal(isError, true);
      return content[0].text;
    },
    async read(uri) {
      return (await ask('--method', 'resources/read', '--uri', uri)).contents[0].text;
    },
    async close() {},
  };
}
