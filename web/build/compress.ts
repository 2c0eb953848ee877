/**
 * Brotli and gzip twins of every text file of the build, so that the server never compresses the same bytes twice.
 *
 * Fonts and images are left alone, and so is a twin that saves nothing.
 */
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
    async generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (!TEXT.test(file.fileName)) continue;
        const plain = Buffer.from(file.type === 'chunk' ? file.code : file.source);
        const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length };
        const twins = { br: await toBrotli(plain, { params }), gz: await toGzip(plain, { level: 9 }) };
        for (const [extension, source] of Object.entries(twins)) {
          if (source.length < plain.length) {
            this.emitFile({ type: 'asset', fileName: `${file.fileName}.${extension}`, source });
          }
        }
      }
    },
  };
}
