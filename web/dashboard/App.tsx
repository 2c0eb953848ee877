/**
 * The gate: asks for a key where there is none, it was refused or another is wanted, else shows the dashboard of the key's
 * account.
 */
import { useState } from 'react';
import { currentKey, forgetKey, keepKey } from '../page/key';
import { KeyForm } from '../page/KeyForm';
import { Dashboard } from './Dashboard';
import { Masthead } from '../page/Masthead';

const REFUSED = 'This key was not accepted. It may be mistyped, expired or revoked; please enter another one.';

export function App() {
  const [key, setKey] = useState(currentKey);
  const [problem, setProblem] = useState<string | null>(null);
  // The key in use stays until another one is there: it may be written down nowhere else.
  const [changing, setChanging] = useState(false);

  function refuse() {
    forgetKey();
    setProblem(REFUSED);
    setKey(null);
  }

  if (key !== null && !changing) {
    return <Dashboard key={key} apiKey={key} onRefused={refuse} onChangeKey={() => setChanging(true)} />;
  }
  return (
    <>
      <Masthead />
      <main className="gate">
        <h1>Your imports</h1>
        <p>Enter the API key of your account to see its imports. It is kept for this browser tab only.</p>
        <KeyForm
          problem={problem}
          action="Show imports"
          autoFocus
          onKey={(typed) => {
            keepKey(typed);
            setProblem(null);
            setChanging(false);
            setKey(typed);
          }}
          onCancel={changing ? () => setChanging(false) : undefined}
        />
      </main>
    </>
  );
}
