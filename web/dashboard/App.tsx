/** The gate: asks for a key where there is none or it was refused, else shows the dashboard of the key's account. */
import { useState } from 'react';
import { currentKey, forgetKey, keepKey } from '../page/key';
import { KeyForm } from '../page/KeyForm';
import { Dashboard } from './Dashboard';
import { Masthead } from '../page/Masthead';

const REFUSED = 'This key was not accepted. It may be mistyped, expired or revoked; please enter another one.';

export function App() {
  const [key, setKey] = useState(currentKey);
  const [problem, setProblem] = useState<string | null>(null);

  function leave(why: string | null) {
    forgetKey();
    setProblem(why);
    setKey(null);
  }

  if (key !== null) {
    return <Dashboard key={key} apiKey={key} onRefused={() => leave(REFUSED)} onChangeKey={() => leave(null)} />;
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
            setKey(typed);
          }}
        />
      </main>
    </>
  );
}
