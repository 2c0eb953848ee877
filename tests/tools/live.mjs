// What the tests of changes share: a gateway over a database of its own, a program that writes its table, and proxies that
// cut what goes through them.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import { createInterface } from 'node:readline';

const PATIENCE_MS = 60_000;

/**
 * Waits until something holds, and says what was there instead. `look` gives nothing where it holds, and throws where it never
 * will.
 */
export async function until(what, look) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const instead = await look();
    if (instead === undefined) return;
    if (Date.now() > end) assert.fail(`${what}: not within ${PATIENCE_MS} ms: ${instead}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Writes the table as an application does: with SQLite of Python, by statements of its own. */
const WRITER = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
for line in sys.stdin:
    database.executescript(line)
    print("done", flush=True)
`;

/** A gateway with one account. */
export class Gateway {
  static async start(program, folder, ...options) {
    const gateway = new Gateway();
    const path = `${folder}live.db`;
    Object.assign(gateway, { program, options });
    gateway.env = {
      PATH: process.env.PATH,
      DATABASE_URL: `sqlite://${path}?mode=rwc`,
      GATEWAY_SHUTDOWN_DELAY_MS: '0',
      RUST_LOG: 'error',
    };
    gateway.command('migrate', 'up');
    gateway.account = gateway.command('account', 'create', '--name', 'Acme').match(/\d+/)[0];
    gateway.key = gateway.command('token', 'create', '--account', gateway.account, '--name', 'tests').trim();
    gateway.writer = spawn('python3', ['-c', WRITER, path], { stdio: ['pipe', 'pipe', 'inherit'] });
    gateway.written = createInterface({ input: gateway.writer.stdout })[Symbol.asyncIterator]();
    await gateway.serve('127.0.0.1:0');
    return gateway;
  }

  command(...words) {
    return execFileSync(this.program, words, { env: this.env, encoding: 'utf8' });
  }

  async serve(address) {
    const words = ['serve', '--listen', address, '--change-interval-ms', '20', '--rate-limit', 'off', ...this.options];
    this.process = spawn(this.program, words, { env: this.env, stdio: ['ignore', 'pipe', 'inherit'] });
    const { value } = await createInterface({ input: this.process.stdout })[Symbol.asyncIterator]().next();
    assert.match(value ?? 'it has ended', /^listening on http:/);
    this.address = value.replace('listening on http://', '');
    this.port = Number(this.address.split(':')[1]);
  }

  /** Ends it, as an orchestrator does or as a fault would. */
  async end(signal) {
    const ended = once(this.process, 'exit');
    this.process.kill(signal);
    await ended;
  }

  /** Starts it again, where it was. */
  async again() {
    await this.serve(this.address);
  }

  async write(statements) {
    this.writer.stdin.write(`${statements.replaceAll('\n', ' ')}\n`);
    const { value } = await this.written.next();
    assert.equal(value, 'done');
  }

  /** The imports that failed, in one text. */
  async failed() {
    const rows = [];
    let after = null;
    do {
      const query = `query ($after: String) {
        imports(first: 100, after: $after, filter: { status: { include: [FAILED] } }) {
          nodes { databaseId fileName status } pageInfo { hasNextPage endCursor }
        }
      }`;
      const answer = await fetch(`http://${this.address}/graphql`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${this.key}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ query, variables: { after } }),
      });
      const { imports } = (await answer.json()).data;
      rows.push(...imports.nodes);
      after = imports.pageInfo.hasNextPage ? imports.pageInfo.endCursor : null;
    } while (after);
    return asText(rows);
  }

  async stop() {
    this.writer.kill();
    await this.end('SIGKILL');
  }
}

/** The rows, whatever their order and the order of their members. */
export const asText = (rows) =>
  rows.map(({ databaseId, fileName, status }) => `${databaseId} ${fileName} ${status}`).sort().join('\n');

/** A proxy of connections to a port, which can cut those that are open. */
export class Proxy {
  static async to(port, hears = () => {}) {
    const proxy = new Proxy();
    proxy.open = new Set();
    proxy.server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      proxy.open.add(near);
      near.on('close', () => proxy.open.delete(near));
      near.on('data', hears);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ]) {
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
        one.pipe(other);
      }
    });
    await once(proxy.server.listen(0, '127.0.0.1'), 'listening');
    proxy.url = `http://127.0.0.1:${proxy.server.address().port}`;
    return proxy;
  }

  /** Resets every connection. */
  cut() {
    for (const socket of this.open) socket.resetAndDestroy();
  }

  stop() {
    this.server.close();
    this.cut();
  }
}

/** Statements that write imports; each name of a file is there once, so that no state is taken for another. */
export class Table {
  constructor(account) {
    Object.assign(this, { account, names: 0 });
  }

  name() {
    this.names += 1;
    return `${this.names}.csv`;
  }

  upsert(id, status) {
    const at = 1_790_000_000_000_000 + this.names;
    return `INSERT INTO imports (account_id, id, file_name, file_size, type, status, created_at, updated_at)
      VALUES (${this.account}, ${id}, '${this.name()}', 7, 'VehicleImport', '${status}', ${at}, ${at})
      ON CONFLICT DO UPDATE SET file_name = excluded.file_name, status = excluded.status, updated_at = excluded.updated_at;`;
  }

  remove(id) {
    return `DELETE FROM imports WHERE account_id = ${this.account} AND id = ${id};`;
  }

  /** A change of many imports that failed. */
  touch() {
    return `UPDATE imports SET file_name = '${this.name()}' || file_name WHERE status = 'failed' AND id < 60;`;
  }

  /** Changes of every kind, of the rows of a round, each row once. */
  round(number) {
    const first = 10 * number;
    return [
      this.upsert(first, 'complete'),
      this.remove(first + 1),
      this.upsert(first + 2, 'failed'),
      this.upsert(1000 + number, 'failed'),
      this.upsert(2000 + number, 'queued') + this.upsert(2000 + number, 'failed'),
    ];
  }
}
