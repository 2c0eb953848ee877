// The recipes of docs/changes.md as programs that run: each shows the rows that it holds, how often it read the list, and
// how often it was told of a change; the one for a shell shows its rows alone.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { asText } from './live.mjs';

const PAGE = await readFile(new URL('../../docs/changes.md', import.meta.url), 'utf8');
const PYTHON = fileURLToPath(new URL('../../target/tools-python/bin/python', import.meta.url));

/** All recipes of the page, by name. */
export const RECIPES = Object.fromEntries(
  [...PAGE.matchAll(/<!-- recipe: (\S+) -->\n```\w+\n([\s\S]*?\n)```/g)].map(([, name, text]) => [name, text]),
);
/** Those that follow a list. The others are what these import. */
export const FOLLOWING = Object.keys(RECIPES).filter(
  (name) => /\.(sh|mjs|py)$/.test(name) && !['list.mjs', 'socket.mjs'].includes(name),
);

/** Smaller pages than the recipes have, so that a list has several. Relay's recipe has one page. */
const ROWS_A_PAGE = 20;

/** Writes the recipes into a folder, with what Relay's compiler makes of the tags of its recipe. */
export async function writeRecipes(folder) {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(RECIPES)) {
    const smaller = (size) => size.replace('100', ROWS_A_PAGE);
    await writeFile(`${folder}${name}`, text.replaceAll(/first: 100|per_page=100/g, smaller));
  }
  const compiled = `${folder}relay/`;
  await mkdir(compiled, { recursive: true });
  await writeFile(`${compiled}relay.js`, RECIPES['relay.mjs']);
  const schema = fileURLToPath(new URL('../../schema.graphql', import.meta.url));
  await writeFile(`${compiled}schema.graphql`, await readFile(schema));
  const settings = { src: '.', schema: 'schema.graphql', language: 'javascript', eagerEsModules: true, excludes: [] };
  await writeFile(`${compiled}relay.config.json`, JSON.stringify(settings));
  const compiler = fileURLToPath(new URL('node_modules/.bin/relay-compiler', import.meta.url));
  execFileSync(compiler, ['relay.config.json'], { cwd: compiled, encoding: 'utf8', stdio: 'pipe' });
  // As the plug-ins of bundlers do.
  const imports = [];
  const text = RECIPES['relay.mjs'].replace(/graphql`\s*\w+ (\w+)[^`]*`/g, (_tag, name) => {
    imports.push(`import ${name} from './relay/__generated__/${name}.graphql.js';`);
    return name;
  });
  assert.equal(imports.length, 2);
  await writeFile(`${folder}relay.mjs`, `${imports.join('\n')}\n${text}`);
  await writeFile(`${folder}package.json`, '{ "type": "module" }');
}

/** Starts a recipe. */
export const start = (name, folder, gateway) =>
  name.endsWith('.sh') ? ShellFollower.start(name, folder, gateway) : new Follower(name, folder, gateway);

/** A recipe that runs against a gateway. */
class Follower {
  constructor(name, folder, { url, key }) {
    Object.assign(this, { name, reads: 0, changes: 0, rows: undefined, said: '' });
    const [program, ...words] = this.command(name, folder, url);
    this.process = spawn(program, words, { env: { ...process.env, KEY: key }, cwd: this.folder, detached: true });
    this.process.stderr.on('data', (text) => (this.said = `${this.said}${text}`.slice(-4000)));
    this.process.on('error', (error) => (this.ended = error));
    this.process.on('exit', (code) => (this.ended = `status ${code}`));
    createInterface({ input: this.process.stdout }).on('line', (line) => {
      const { rows, ...counts } = JSON.parse(line);
      Object.assign(this, counts, { rows: asText(rows) });
    });
  }

  command(name, folder, url) {
    const [module, kind] = name.split('.');
    const runner = fileURLToPath(new URL(`follow.${kind}`, import.meta.url));
    if (kind === 'py') return [PYTHON, runner, `${folder}${module}`, url];
    return [process.execPath, runner, `${folder}${name}`, url];
  }

  /** What it holds. */
  async held() {
    return this.rows;
  }

  stop() {
    // With what it started.
    if (this.process.pid && this.ended === undefined) process.kill(-this.process.pid, 'SIGKILL');
  }
}

/** The recipe for a shell, whose rows are files. */
class ShellFollower extends Follower {
  static async start(name, folder, { url, key }) {
    const own = `${folder}shell-${new URL(url).port}/`;
    await mkdir(own, { recursive: true });
    await writeFile(`${own}header`, `Authorization: Bearer ${key}\n`);
    await writeFile(`${own}${name}`, (await readFile(`${folder}${name}`, 'utf8')).replace('https://your.gateway', url));
    return new ShellFollower(name, own, { url, key });
  }

  command(name, folder) {
    this.folder = folder;
    return ['sh', name, 'header'];
  }

  async held() {
    const rows = [];
    try {
      for (const file of await readdir(`${this.folder}failed`)) {
        const { id, file_name, status } = JSON.parse(await readFile(`${this.folder}failed/${file}`, 'utf8'));
        rows.push({ databaseId: id, fileName: file_name, status: status.toUpperCase() });
      }
    } catch {
      // It is just being removed or renamed.
      return undefined;
    }
    return asText(rows);
  }
}
