// Streams of changes through nginx and HAProxy, each set up as docs/changes.md has it, with other ports and shorter times.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { WebSocket } from 'undici';
import { RECIPES, start, writeRecipes } from './followers.mjs';
import { Gateway, Table, until } from './live.mjs';
import { instead } from './recipes.mjs';

/** Less than the time between two beats of a stream, or else an event that is held would come with the next beat. */
const SOON_MS = 10_000;
/** Longer than a stream is ever silent, and less than two beats take. **Unit**: seconds. */
const SILENCE_S = 20;
/** Those whose connections the proxies are to keep: an event stream by a shell, one in GraphQL, a WebSocket. */
const CLIENTS = ['changes.sh', 'graphql-sse.mjs', 'graphql-ws.mjs'];

/** How each proxy is started, from the text of its settings, and told to read them again. */
const PROXIES = {
  nginx: {
    recipe: 'nginx.conf',
    settings(text) {
      const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);
      const more = `http {\n  access_log off; gzip on; gzip_types application/json; ${paths.join(' ')}`;
      return instead(text, 'http {', more).replaceAll('60s', `${SILENCE_S}s`);
    },
    listen: 'listen 80',
    listenOn: (port) => `listen 127.0.0.1:${port}`,
    words(folder, file) {
      return ['-p', folder, '-c', file, '-g', 'daemon off; pid nginx.pid; error_log stderr error;', '-e', 'stderr'];
    },
    reload: 'SIGHUP',
  },
  haproxy: {
    recipe: 'haproxy.cfg',
    settings(text) {
      const more = 'mode http\n  compression algo gzip\n  compression type text/event-stream application/json';
      return instead(text, 'mode http', more).replaceAll('60s', `${SILENCE_S}s`);
    },
    listen: 'bind :80',
    listenOn: (port) => `bind 127.0.0.1:${port}`,
    words: (_folder, file) => ['-W', '-q', '-f', file],
    reload: 'SIGUSR2',
  },
};

async function freePort() {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** A proxy before a gateway. */
class Proxied {
  static async start(name, made, gateway) {
    const proxied = new Proxied();
    const { recipe, settings, listen, listenOn } = PROXIES[name];
    const folder = `${made}${name}/`;
    await mkdir(folder, { recursive: true });
    const port = await freePort();
    const text = settings(instead(instead(RECIPES[recipe], listen, listenOn(port)), '127.0.0.1:8080', gateway.address));
    const file = `${folder}${recipe}`;
    await writeFile(file, instead(text, '30s', '1s'));
    Object.assign(proxied, { name, folder, file, url: `http://127.0.0.1:${port}` });
    await proxied.serve();
    return proxied;
  }

  async serve() {
    const path = `${process.env.PATH}:/usr/sbin`;
    const words = PROXIES[this.name].words(this.folder, this.file);
    this.process = spawn(this.name, words, { env: { ...process.env, PATH: path }, stdio: ['ignore', 'ignore', 'pipe'] });
    this.said = '';
    this.process.stderr.on('data', (text) => (this.said = `${this.said}${text}`.slice(-4000)));
    this.process.on('error', (error) => (this.said += error));
    await until(`${this.name} before the gateway`, async () => {
      const response = await fetch(`${this.url}/readyz`).catch((error) => ({ status: error.cause?.code }));
      return response.status === 200 ? undefined : `${response.status}; ${this.said}`;
    });
  }

  async end() {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await ended;
  }
}

/** What a promise gives, which must come within a time. */
async function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** An event stream, read block by block; beats are counted. */
async function openStream(url, gateway) {
  const headers = { Authorization: `Bearer ${gateway.key}`, Accept: 'text/event-stream', 'Accept-Encoding': 'gzip' };
  const response = await within(SOON_MS, 'the head of a stream', fetch(`${url}/api/v1/imports/changes`, { headers }));
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  assert.equal(response.headers.get('content-encoding'), null);
  assert.equal(response.headers.get('cache-control'), 'no-store, no-transform');
  const stream = { beats: 0, blocks: [], ended: undefined };
  (async () => {
    let text = '';
    for await (const chunk of response.body) {
      text += Buffer.from(chunk).toString();
      for (;;) {
        const [line] = text.match(/^:\n/) ?? text.match(/^[^]*?\n\n/) ?? [];
        if (line === undefined) break;
        text = text.slice(line.length);
        if (line === ':\n') stream.beats += 1;
        else stream.blocks.push(line);
      }
    }
  })().then(
    () => (stream.ended = 'it has ended'),
    (error) => (stream.ended = String(error.cause ?? error)),
  );
  return stream;
}

/** A subscription over a WebSocket, as a page of the proxy's own name opens it. */
async function openSocket(url, gateway) {
  const address = `${url.replace('http', 'ws')}/graphql`;
  const socket = new WebSocket(address, { protocols: 'graphql-transport-ws', headers: { origin: url } });
  const events = { ids: [], ended: undefined };
  socket.addEventListener('close', ({ code, reason }) => (events.ended = `${code} ${reason}`));
  const acknowledged = new Promise((resolve, reject) => {
    socket.addEventListener('error', ({ error }) => reject(new Error('the WebSocket was refused', { cause: error })));
    socket.addEventListener('open', () => {
      socket.send(JSON.stringify({ type: 'connection_init', payload: { Authorization: `Bearer ${gateway.key}` } }));
    });
    socket.addEventListener('message', ({ data }) => {
      const { type, payload } = JSON.parse(data);
      if (type === 'connection_ack') resolve();
      if (type === 'next') events.ids.push(payload.data.importChanges.databaseId);
      if (type === 'error') events.ended = data;
    });
  });
  await within(SOON_MS, 'the acknowledgement of a WebSocket', acknowledged);
  const query = 'subscription { importChanges { databaseId } }';
  socket.send(JSON.stringify({ id: 'a', type: 'subscribe', payload: { query } }));
  return { events, socket };
}

/** One event passes at once, and another after a silence that only beats and pings break. */
async function passesEvents({ url }, gateway, table) {
  const stream = await openStream(url, gateway);
  const { events, socket } = await openSocket(url, gateway);
  const soon = (what, look) => within(SOON_MS, what, until(what, async () => (look() ? undefined : 'it has not come')));
  await soon('the start of the stream', () => stream.blocks.length === 1);
  // A subscription is told nothing when it has its place: rows are written until it is told of one.
  let id = 5000;
  await until('an event on the WebSocket', async () => {
    id += 1;
    await gateway.write(table.upsert(id, 'failed'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    return events.ids.length > 0 ? undefined : (events.ended ?? 'none');
  });
  await soon('the event on the stream', () => stream.blocks.some((block) => block.includes(`"id":${id},`)));
  const beats = stream.beats;
  await until('two beats', async () => {
    assert.equal(stream.ended, undefined);
    assert.equal(events.ended, undefined);
    return stream.beats >= beats + 2 ? undefined : `${stream.beats - beats}`;
  });
  await gateway.write(table.upsert(6000, 'failed'));
  await soon('the event on the stream, after silence', () => stream.blocks.at(-1).includes('"id":6000,'));
  await soon('the event on the WebSocket, after silence', () => events.ids.at(-1) === '6000');
  socket.close();
}

/** Clients lose nothing when the proxy is reloaded, and when it is away for a while. */
async function losesNothing(proxied, folder, gateway, table) {
  const followers = await Promise.all(CLIENTS.map((name) => start(name, folder, { url: proxied.url, key: gateway.key })));
  const settled = (what) =>
    Promise.all(
      followers.map((follower) =>
        until(`${follower.name} through ${proxied.name}, ${what}`, async () => {
          const list = await gateway.failed();
          if ((await follower.held()) === list) return undefined;
          return `${await follower.held()} where the list is ${list}; it said: ${follower.said}`;
        }),
      ),
    );
  const write = async (changes) => {
    for (const change of changes) await gateway.write(change);
  };
  try {
    await settled('at first');
    const [first, ...rest] = table.round(0);
    await write([first]);
    proxied.process.kill(PROXIES[proxied.name].reload);
    await write(rest);
    await settled('after a reload');
    await write(table.round(1));
    await proxied.end();
    await write(table.round(2));
    await proxied.serve();
    await write(table.round(3));
    await settled('after a restart');
  } finally {
    for (const follower of followers) follower.stop();
  }
}

async function through(name, { made, program }) {
  const folder = `${made}${name}-changes/`;
  await writeRecipes(folder);
  // Each has a gateway to itself, whose streams are silent while nobody writes its table.
  const [quiet, busy] = [`${folder}quiet-`, `${folder}busy-`];
  const ping = ['--socket-ping-interval-ms', '15000'];
  const gateways = await Promise.all([quiet, busy].map((path) => Gateway.start(program, path, ...ping)));
  const tables = gateways.map(({ account }) => new Table(account));
  const rows = Array.from({ length: 50 }, (_, id) => tables[1].upsert(id, id % 10 === 9 ? 'new' : 'failed'));
  await gateways[1].write(`BEGIN; ${rows.join(' ')} COMMIT;`);
  const proxies = await Promise.all([
    Proxied.start(name, quiet, gateways[0]),
    Proxied.start(name, busy, gateways[1]),
  ]);
  try {
    await Promise.all([
      passesEvents(proxies[0], gateways[0], tables[0]),
      losesNothing(proxies[1], folder, gateways[1], tables[1]),
    ]);
  } finally {
    for (const proxy of proxies) await proxy.end();
    for (const gateway of gateways) await gateway.stop();
  }
}

const running = {};

/** Runs both proxies at once, whichever is asked for first, as most of it is waiting. */
function outcome(name, tools) {
  for (const each of Object.keys(PROXIES)) {
    running[each] ??= through(each, tools);
    // Whoever asks for it is told.
    running[each].catch(() => {});
  }
  return running[name];
}

export const changesThroughHaproxy = (tools) => outcome('haproxy', tools);
export const changesThroughNginx = (tools) => outcome('nginx', tools);
