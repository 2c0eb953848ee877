/**
 * Brotli and gzip twins of every text file of the build, so that the server never compresses the same bytes twice.
 *
 * Made from the written files: Vite still edits chunks while the bundle is generated. Fonts and images are left alone,
 * and so is a twin that saves nothing.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const TEXT = /\.(?:html|js|css|svg|json)$/;
const toBrotli = promisify(brotliCompress);
const toGzip = promisify(gzip);

export function compress(): Plugin {
  return {
    name: 'compressed-twins',
    apply: 'build',
    async writeBundle({ dir }, bundle) {
      if (!dir) this.error('the build writes to no folder');
      const texts = Object.keys(bundle).filter((name) => TEXT.test(name));
      // At once: each is compressed by a thread of its own, as far as there are cores.
      await Promise.all(texts.map((name) => writeTwins(join(dir, name))));
    },
  };
}

async function writeTwins(path: string) {
  const plain = await readFile(path);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length };
  const [br, gz] = await Promise.all([toBrotli(plain, { params }), toGzip(plain, { level: 9 })]);
  for (const [extension, twin] of Object.entries({ br, gz })) {
    if (twin.length < plain.length) await writeFile(`${path}.${extension}`, twin);
  }
}
