/** The sidebar's list of examples. Choosing one opens it in a tab of its own, ready to run. */
import { useGraphiQL, useGraphiQLActions, type GraphiQLPlugin } from '@graphiql/react';
import { useState } from 'react';
import { EXAMPLES, SAMPLE_QUERY, toOperation, type Example, type Sample } from './examples';

/** As in `playground.css`: a pane covers the editors. */
export const PHONE = '(max-width: 46rem)';

export const examplesPlugin: GraphiQLPlugin = { title: 'Examples', icon: Icon, content: ExamplesPane };

function ExamplesPane() {
  const { addTab, setOperationName, setVisiblePlugin } = useGraphiQLActions();
  const { fetcher, queryEditor, variableEditor } = useGraphiQL((state) => ({
    fetcher: state.fetcher,
    queryEditor: state.queryEditor,
    variableEditor: state.variableEditor,
  }));
  const [opened, setOpened] = useState('');

  async function open(example: Example) {
    const { query, variables } = toOperation(example, await sample());
    addTab();
    queryEditor?.setValue(query);
    variableEditor?.setValue(variables);
    // The editor finds the name by itself a moment later; until then it would run the last tab's.
    setOperationName(example.operation);
    if (matchMedia(PHONE).matches) setVisiblePlugin(null);
    queryEditor?.focus();
    setOpened(`${example.title} opened in a new tab.`);
  }

  async function sample(): Promise<Sample> {
    // An account without imports, or a key that was refused, has no cursor; the example then shows what it can.
    const answer = await (fetcher({ query: SAMPLE_QUERY }) as Promise<SampleAnswer>).catch(() => null);
    const imports = answer?.data?.imports;
    return { endCursor: imports?.pageInfo.endCursor ?? null, nodeId: imports?.nodes[0]?.id ?? null };
  }

  return (
    <section className="examples" aria-label="Examples">
      <h2>Examples</h2>
      <p>Each opens in a new tab with variables from your own data, and runs as it stands.</p>
      <ul>
        {EXAMPLES.map((example) => (
          <li key={example.title}>
            <button type="button" onClick={() => void open(example)}>
              <strong>{example.title}</strong>
              <span>{example.about}</span>
            </button>
          </li>
        ))}
      </ul>
      <p className="unseen" role="status">
        {opened}
      </p>
    </section>
  );
}

interface SampleAnswer {
  data?: { imports?: { pageInfo: { endCursor: string | null }; nodes: { id: string }[] } | null } | null;
}

function Icon() {
  return (
    <svg
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M10 2.5l2.3 4.9 5.2.7-3.8 3.7.9 5.3-4.6-2.6-4.6 2.6.9-5.3L2.5 8.1l5.2-.7z" />
    </svg>
  );
}
