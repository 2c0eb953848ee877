// The official client for Python, spoken to by `client.py`: a line of JSON each way for each question.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const EDITIONS = ['2026-07-28', '2025-11-25'];

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export async function connect(url, key, edition) {
  const mode = edition === '2025-11-25' ? 'legacy' : 'auto';
  const program = here('../../target/mcp-python/bin/python');
  const child = spawn(program, [here('client.py'), url, key, mode], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('client.py has ended');
    const { error, ...answer } = JSON.parse(value);
    if (error) throw new Error(error);
    return answer;
  };
  const ask = (question) => {
    child.stdin.write(`${JSON.stringify(question)}\n`);
    return next();
  };
  const { version } = await next();
  return {
    version,
    async tools() {
      return (await ask({ method: 'tools' })).tools;
    },
    async call(name, args) {
      const { isError, structured, text } = await ask({ method: 'call', name, args });
      assert.ok(!isError, text);
      assert.deepEqual(JSON.parse(text), structured);
      return structured;
    },
    async complaint(name, args) {
      const { isError, text } = await ask({ method: 'call', name, args });
      assert.equal(isError, true);
      return text;
    },
    async read(uri) {
      return (await ask({ method: 'read', uri })).text;
    },
    async close() {
      child.stdin.end();
    },
  };
}
