// What the tests of recipes share: the recipe as docs/tools.md has it, the rows that it has to bring, and a program to run.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const DOCUMENT = new URL('../../docs/tools.md', import.meta.url);
/** More rows than this are three pages at least, as no page has more than a hundred. */
const TWO_PAGES = 200;
/** A tool that asks for one page again and again is ended. */
const LIMIT_MS = 120_000;

/** The block of the document below `<!-- recipe: NAME -->`, with this gateway in place of its examples. */
export async function recipe(name, { base, key, since }) {
  const document = await readFile(DOCUMENT, 'utf8');
  const start = `<!-- recipe: ${name} -->\n`;
  const [, block] = document.split(start);
  assert.ok(block, `docs/tools.md has no recipe ${name}`);
  const [, text] = block.match(/^```\w*\n([\s\S]*?\n)```/) ?? [];
  assert.ok(text, `no block of code follows ${start}`);
  return text
    .replaceAll('https://your.gateway', base)
    .replaceAll('igw_YOUR_KEY', key)
    .replaceAll('2026-01-01T00:00:00Z', since);
}

/** The text with another setting, which has to be in it once. */
export function instead(text, setting, other) {
  assert.equal(text.split(setting).length, 2, `${setting} stands once in:\n${text}`);
  return text.replace(setting, other);
}

/** All rows of the account, by change, and an instant that cuts some off. */
export async function changed({ base, headers }) {
  const rows = [];
  let cursor = null;
  do {
    const query = new URLSearchParams({ per_page: 100, ...(cursor && { start_cursor: cursor }) });
    const page = await (await fetch(`${base}/api/v1/imports?${query}`, { headers })).json();
    rows.push(...page.records);
    cursor = page.next_cursor;
  } while (cursor);
  // The texts are in the order of the instants, as all are in UTC and have as many digits.
  for (const { updated_at } of rows) assert.match(updated_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  rows.sort((a, b) => (a.updated_at === b.updated_at ? a.id - b.id : a.updated_at < b.updated_at ? -1 : 1));
  const since = `${rows[Math.floor(rows.length / 10)].updated_at.slice(0, 19)}Z`;
  return { rows, since };
}

/** The rows that were read are those changed since the instant, of these statuses, each once, in order. */
export function areTheRows(read, { rows, since }, statuses) {
  const all = rows.filter(
    ({ updated_at, status }) => updated_at >= since.replace('Z', '.000000Z') && (statuses?.includes(status) ?? true),
  );
  assert.ok(all.length > TWO_PAGES, `only ${all.length} rows`);
  assert.ok(all.length < rows.length, 'the filter leaves no row out');
  assert.deepEqual(
    read.map(({ id }) => Number(id)),
    all.map(({ id }) => id),
  );
}

/** How a program ended, and what it wrote. */
export function run(program, words, { cwd, env = {} }) {
  return new Promise((resolve) => {
    const options = { cwd, env: { ...process.env, ...env }, timeout: LIMIT_MS, maxBuffer: 1 << 28 };
    execFile(program, words, options, (error, stdout, stderr) => resolve({ error, stdout, stderr }));
  });
}

/** How a program of the Python environment ended; `cargo xtask test tools` makes that of requirements.txt. */
export function python(program, words, options) {
  const path = fileURLToPath(new URL(`../../target/tools-python/bin/${program}`, import.meta.url));
  // None of them may tell its makers that it ran.
  const env = { RUNTIME__DLTHUB_TELEMETRY: 'false', DO_NOT_TRACK: '1', PYTHONUTF8: '1', ...options.env };
  return run(path, words, { ...options, env });
}

export function succeeded({ error, stdout, stderr }) {
  assert.equal(error, null, `${error?.message}\n${stdout.slice(-2000)}\n${stderr.slice(-4000)}`);
  return stdout;
}

/** The program ended by itself, with a failure, after the first page at most. */
export function stopped({ error, stdout, stderr }, read) {
  assert.ok(error, 'it ended as if all were well');
  assert.equal(error.killed, false, `it was ended after ${LIMIT_MS} ms:\n${stderr.slice(-2000)}`);
  assert.ok(read(stdout).length <= 100, 'it went beyond the first page');
  return stderr;
}

/** The values of a text that has one on each line. */
export const lines = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));

export async function write(folder, name, text) {
  await writeFile(`${folder}${name}`, text);
  return `${folder}${name}`;
}
