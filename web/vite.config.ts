/** Two pages, one build: the dashboard at `/` and the playground at `/graphiql`, every asset named by its content. */
import { defineConfig } from 'vite';
import { compress } from './build/compress.ts';
import { relay } from './build/relay.ts';

const gateway = process.env.GATEWAY_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  // Relative to the page: a proxy may serve it below a prefix that it takes off.
  base: './',
  plugins: [relay(), compress()],
  server: {
    proxy: { '/graphql': { target: gateway, bypass: (request) => (request.method === 'POST' ? null : request.url) } },
  },
  build: {
    target: 'es2022',
    // The CSP allows no data: scripts or fonts of our own, and a file by itself is cached by itself.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 4096,
    rollupOptions: {
      input: ['index.html', 'graphiql.html'],
      // Directives of the React Compiler in GraphiQL's files: a hundred warnings that no one here can act on.
      onwarn: (warning, warn) => warning.code !== 'MODULE_LEVEL_DIRECTIVE' && warn(warning),
      checks: { pluginTimings: false },
    },
  },
});
