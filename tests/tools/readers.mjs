// Readers of what the gateway says of itself: linters of OpenAPI, and Prometheus' own check of metrics.
import spectralCore from '@stoplight/spectral-core';
import spectralRulesets from '@stoplight/spectral-rulesets';
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export async function redocly({ description, made }) {
  const file = `${made}openapi.json`;
  await writeFile(file, JSON.stringify(description));
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NO_COLOR: '1' };
  const cli = here('node_modules/@redocly/cli/bin/cli.js');
  const { stdout } = await run(process.execPath, [cli, 'lint', file, '--extends=recommended', '--format=json'], {
    env,
    cwd: made,
  });
  const { totals } = JSON.parse(stdout);
  assert.equal(totals.errors, 0, stdout);
}

export async function spectral({ description }) {
  const { Spectral } = spectralCore;
  const linter = new Spectral();
  linter.setRuleset({ extends: [spectralRulesets.oas] });
  const found = await linter.run(description);
  const errors = found.filter(({ severity }) => severity === 0);
  assert.deepEqual(
    errors.map(({ code, path, message }) => `${code} ${path.join('.')} ${message}`),
    [],
  );
}

/** In both formats, as each names a counter in its own way. */
export async function promtool({ base, headers }) {
  const promtool = await findPromtool();
  if (promtool.without) return promtool.without;
  // So that there is a counter with a label, and a histogram.
  assert.equal((await fetch(`${base}/api/v1/imports`, { headers })).status, 200);
  const text = await (await fetch(`${base}/metrics`)).text();
  assert.match(text, /^# HELP imports_gateway_requests_total /m);
  assert.deepEqual(await checked(promtool.path, text), { code: 0, said: '' });
  // The check sees what the other format would be to it.
  const openmetrics = await fetch(`${base}/metrics`, { headers: { Accept: 'application/openmetrics-text' } });
  const { said } = await checked(promtool.path, await openmetrics.text());
  assert.match(said, /no help text/);
}

async function checked(path, text) {
  const child = spawn(path, ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (data) => (said += data));
  child.stderr.on('data', (data) => (said += data));
  child.stdin.end(text);
  const [code] = await once(child, 'close');
  return { code, said };
}

/**
 * `promtool` of the path, or else out of Debian's package, which is fetched and unpacked, not installed: it would start a
 * server on port 9090.
 */
async function findPromtool() {
  const there = await run('promtool', ['--version']).catch(() => null);
  if (there) return { path: 'promtool' };
  const folder = here('../../target/promtool');
  const path = `${folder}/usr/bin/promtool`;
  try {
    await access(path);
    return { path };
  } catch {
    // Not fetched yet.
  }
  try {
    await run('mkdir', ['-p', folder]);
    const download = () => run('apt-get', ['download', '-q', 'prometheus'], { cwd: folder });
    // A new machine has no list of packages.
    await download().catch(() => run('apt-get', ['update', '-q']).then(download));
    const [archive] = (await readdir(folder)).filter((name) => name.endsWith('.deb'));
    await run('dpkg-deb', ['-x', archive, '.'], { cwd: folder });
    return { path };
  } catch (error) {
    return { without: `promtool is neither here nor to be had of Debian (${String(error.message).split('\n')[0]})` };
  }
}
