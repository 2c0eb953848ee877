/** GraphiQL with the explorer, the docs, the history and our examples; its workers come from this origin. */
import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import type { Fetcher } from '@graphiql/toolkit';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import type { Operation } from '../page/operation';
import { EXAMPLES, toOperation } from './examples';
import { examplesPlugin } from './ExamplesPane';
import { ShareButton } from './ShareButton';

const PLUGINS = [examplesPlugin, HISTORY_PLUGIN, explorerPlugin()];
const DEFAULT_TABS = EXAMPLES.slice(0, 1).map((example) => toOperation(example, { endCursor: null, nodeId: null }));

interface Props {
  fetcher: Fetcher;
  hasKey: boolean;
  linked: Operation | null;
}

export default function Editor({ fetcher, hasKey, linked }: Props) {
  return (
    <GraphiQL
      fetcher={fetcher}
      plugins={PLUGINS}
      visiblePlugin={examplesPlugin}
      defaultTabs={DEFAULT_TABS}
      initialQuery={linked?.query}
      initialVariables={linked?.variables}
      // Without a key there is no schema to ask for; null says not to try.
      schema={hasKey ? undefined : null}
      schemaDescription
      inputValueDeprecation
      shouldPersistHeaders={false}
      showPersistHeadersSettings={false}
    >
      <GraphiQL.Logo>{null}</GraphiQL.Logo>
      <GraphiQL.Toolbar>
        {({ prettify, merge, copy }) => (
          <>
            {prettify}
            {merge}
            {copy}
            <ShareButton />
          </>
        )}
      </GraphiQL.Toolbar>
    </GraphiQL>
  );
}
