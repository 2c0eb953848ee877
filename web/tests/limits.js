/**
 * Limits in time: every test, hook and wait ends by itself, and says what it was about.
 *
 * Deliberately absent: a promise of speed. Each limit is many times what two busy cores need.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as runner from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { inspect, isDeepStrictEqual } from 'node:util';

/** Unit: milliseconds. A page gives up before its test does, as it has more to tell. */
export const LIMIT_MS = { condition: 120_000, close: 60_000, page: 300_000, hook: 300_000, test: 400_000 };
/** Unit: milliseconds between two looks at a condition. */
const PAUSE_MS = 25;

/** A test with a limit in time. */
export function test(name, body) {
  runner.test(name, { timeout: LIMIT_MS.test }, (context) => {
    noteRunning(name);
    return body(context);
  });
}

export const before = (body) => runner.before(hook('before', body), { timeout: LIMIT_MS.hook });
export const after = (body) => runner.after(hook('after', body), { timeout: LIMIT_MS.hook });

const hook = (kind, body) => () => {
  noteRunning(`a hook: ${kind} ${body}`);
  return body();
};

/** What this process runs; `run.js` reads it where it has to end the tests. */
const note = process.env.GATEWAY_TESTS_RUNNING && join(process.env.GATEWAY_TESTS_RUNNING, String(process.pid));
if (note) process.on('exit', () => rmSync(note, { force: true }));

function noteRunning(name) {
  if (note) writeFileSync(note, name);
}

/**
 * Waits until `read` gives what is wanted, and returns it.
 *
 * `wanted` is a value, or a function that accepts one. What `read` throws counts as a value that is not wanted.
 * Errors: says what was waited for, and what was there last.
 */
export async function until(what, read, wanted, limitMs = LIMIT_MS.condition) {
  const accepts = typeof wanted === 'function' ? wanted : (value) => isDeepStrictEqual(value, wanted);
  const end = performance.now() + limitMs;
  let there;
  for (;;) {
    try {
      there = await within(Math.max(end - performance.now(), PAUSE_MS), 'reading it', read());
      if (accepts(there)) return there;
    } catch (error) {
      // A reading that the end cuts short tells less than the one before it.
      if (performance.now() < end || there === undefined) there = error;
    }
    if (performance.now() >= end) {
      const last = there instanceof Error ? there.message : inspect(there, { depth: 4, breakLength: 120 });
      const target = typeof wanted === 'function' ? '' : ` to be ${inspect(wanted, { depth: 4 })}`;
      throw new Error(`waited ${limitMs} ms for ${what}${target}; there was: ${last}`);
    }
    await wait(PAUSE_MS);
  }
}

/** The outcome of `promise`. Errors: those of `promise`, or one that names `what` where it is not over in time. */
export async function within(limitMs, what, promise) {
  const over = new AbortController();
  const late = wait(limitMs, null, { signal: over.signal }).then(() => {
    throw new Error(`${what}: not over after ${Math.round(limitMs)} ms`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    over.abort();
  }
}
