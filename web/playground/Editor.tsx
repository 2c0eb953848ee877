/** GraphiQL with the explorer, the docs, the history and our examples; its workers come from this origin. */
import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import type { Fetcher } from '@graphiql/toolkit';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { useState } from 'react';
import type { Operation } from '../page/operation';
import { EXAMPLES, toOperation } from './examples';
import { examplesPlugin, PHONE } from './ExamplesPane';
import { ShareButton } from './ShareButton';
import { storage } from './storage';
import { SystemColours } from './SystemColours';

const PLUGINS = [examplesPlugin, HISTORY_PLUGIN, explorerPlugin()];
/** Where GraphiQL keeps its tabs between visits. */
const TABS = 'graphiql:tabState';

interface Props {
  fetcher: Fetcher;
  hasKey: boolean;
  linked: Operation | null;
}

export default function Editor({ fetcher, hasKey, linked }: Props) {
  const [initial] = useState(() => linked ?? (hasTabs() ? null : firstExample()));
  // A pane beside the editors leaves too little for them here; below the query there is no room for variables either.
  const [narrow] = useState(() => matchMedia('(max-width: 64rem)').matches);
  const [phone] = useState(() => matchMedia(PHONE).matches);

  return (
    <GraphiQL
      fetcher={fetcher}
      plugins={PLUGINS}
      visiblePlugin={narrow ? undefined : examplesPlugin}
      initialQuery={initial?.query}
      initialVariables={initial?.variables}
      defaultEditorToolsVisibility={phone ? false : 'variables'}
      // Without a key there is no schema to ask for; null says not to try.
      schema={hasKey ? undefined : null}
      schemaDescription
      inputValueDeprecation
      storage={storage}
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
            <SystemColours />
          </>
        )}
      </GraphiQL.Toolbar>
    </GraphiQL>
  );
}

function hasTabs(): boolean {
  return storage?.getItem(TABS) != null;
}

function firstExample(): Operation | null {
  const [first] = EXAMPLES;
  return first ? toOperation(first, { endCursor: null, nodeId: null }) : null;
}
