/** Copies a link to the operation in the active tab: its text and variables, never its headers. */
import { ToolbarButton, useGraphiQL } from '@graphiql/react';
import { useEffect, useState } from 'react';
import { operationLink } from '../page/operation';

const LABEL = 'Copy a link to this operation';
/** Unit: milliseconds for which the button says what it did. */
const SAYS_SO = 3000;

export function ShareButton() {
  const { queryEditor, variableEditor } = useGraphiQL((state) => ({
    queryEditor: state.queryEditor,
    variableEditor: state.variableEditor,
  }));
  const [label, setLabel] = useState(LABEL);
  useEffect(() => {
    if (label === LABEL) return;
    const timer = setTimeout(() => setLabel(LABEL), SAYS_SO);
    return () => clearTimeout(timer);
  }, [label]);

  async function share() {
    const link = operationLink({ query: queryEditor?.getValue() ?? '', variables: variableEditor?.getValue() ?? '' });
    // The address bar has it in any case: only secure origins may write to the clipboard.
    history.replaceState(null, '', link);
    const copied = await navigator.clipboard?.writeText(location.href).then(
      () => true,
      () => false,
    );
    setLabel(copied ? 'Link copied' : 'The link is in the address bar');
  }

  return (
    <>
      <ToolbarButton label={label} onClick={() => void share()}>
        <svg
          className="graphiql-toolbar-icon"
          viewBox="0 0 20 20"
          fill="none"
          stroke="currentColor"
          strokeWidth="1.6"
          strokeLinecap="round"
          aria-hidden="true"
        >
          <path d="M8.5 11.5l3-3M9 6l1.6-1.6a3.4 3.4 0 0 1 4.9 4.9L13.9 11M11 14l-1.6 1.6a3.4 3.4 0 0 1-4.9-4.9L6.1 9" />
        </svg>
      </ToolbarButton>
      <span className="unseen" role="status">
        {label === LABEL ? '' : label}
      </span>
    </>
  );
}
