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
      for (const name of Object.keys(bundle).filter((name) => TEXT.test(name))) {
        const path = join(dir, name);
        const plain = await readFile(path);
        const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length };
        const twins = { br: await toBrotli(plain, { params }), gz: await toGzip(plain, { level: 9 }) };
        for (const [extension, twin] of Object.entries(twins)) {
          if (twin.length < plain.length) await writeFile(`${path}.${extension}`, twin);
        }
      }
    },
  };
}
