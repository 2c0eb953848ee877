/**
 * Relay's `graphql` tags, as imports of what relay-compiler wrote for them.
 *
 * Takes TypeScript source; each tag becomes the artifact of its name in the neighbouring `__generated__`. Tags hold no
 * expressions (relay-compiler refuses them), so their text is all there is to read.
 */
import type { Plugin } from 'vite';

const TAG = /\bgraphql`([^`]*)`/g;
const DEFINITION = /\b(?:query|mutation|subscription|fragment)\s+(\w+)/;

export function relay(): Plugin {
  return {
    name: 'relay-artifacts',
    enforce: 'pre',
    transform(code, id) {
      if (id.includes('/node_modules/') || !/\.tsx?$/.test(id) || !code.includes('graphql`')) return null;
      const imports: string[] = [];
      const body = code.replace(TAG, (_tag, text: string) => {
        const name = DEFINITION.exec(text)?.[1];
        if (!name) this.error(`a graphql tag in ${id} defines nothing by name`);
        imports.push(`import artifact_${name} from './__generated__/${name}.graphql.ts';`);
        return `artifact_${name}`;
      });
      return { code: `${imports.join(' ')}${body}`, map: null };
    },
  };
}
