/** What is on screen as commands: a dialog with a GraphQL and a REST request for the same list. */
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { ImportsPageQuery } from './__generated__/ImportsPageQuery.graphql';
import { copyText } from './clipboard';
import { graphqlCurl, restCurl } from './request';

interface Props {
  query: string;
  variables: ImportsPageQuery['variables'];
  onClose(): void;
}

export function RequestDialog({ query, variables, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [said, setSaid] = useState('');
  // Closed before it leaves the document: only then does the browser give the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  useEffect(() => setSaid(''), [query, variables]);
  const commands: [string, string][] = [
    ['GraphQL', graphqlCurl(query, variables, location.href)],
    ['REST', restCurl(variables, location.href)],
  ];

  async function copy(name: string, command: string) {
    setSaid((await copyText(command)) ? `The ${name} request is copied.` : 'This browser lets no page copy.');
  }

  return (
    <dialog
      ref={dialog}
      className="request"
      aria-labelledby="request-title"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div className="request-body">
        <header>
          <h2 id="request-title">This list as a request</h2>
          <button type="button" className="button" onClick={onClose}>
            Close
          </button>
        </header>
        <p className="second">Put your API key into the variable API_KEY of the shell first.</p>
        {commands.map(([name, command]) => (
          <section key={name} aria-label={name}>
            <h3>{name}</h3>
            <button
              type="button"
              className="button"
              aria-label={`Copy the ${name} request`}
              onClick={() => copy(name, command)}
            >
              Copy
            </button>
            <pre tabIndex={0} aria-label={`${name} request`}>
              {command}
            </pre>
          </section>
        ))}
        <p role="status" className="second">
          {said}
        </p>
      </div>
    </dialog>
  );
}
