// Runs one recipe in JavaScript of docs/changes.md, as a browser would: with a WebSocket of the runtime's own.
//
// Usage: KEY=… node follow.mjs MODULE URL. Prints `{"reads": N, "changes": N, "rows": […]}` whenever the recipe says that
// its rows have changed: how often it has asked for the list, or a page of it, and how often it has said so.
import { WebSocket } from 'undici';

const [module, url] = process.argv.slice(2);
globalThis.WebSocket = WebSocket;
let reads = 0;
let changes = 0;
const { fetch } = globalThis;
globalThis.fetch = (input, init) => {
  if (String(init?.body).includes('changesCursor')) reads += 1;
  return fetch(input, init);
};
const rows = new Map();
const changed = () => {
  changes += 1;
  console.log(JSON.stringify({ reads, changes, rows: [...rows.values()] }));
};
const { follow } = await import(module);
await follow(url, process.env.KEY, rows, changed);
