/** The one field in which an API key is typed. Never submitted by the browser itself, so it never reaches a URL. */
import { useId, useRef, type FormEvent } from 'react';
import { demoKey } from './key';

interface Props {
  /** Why the last key was refused, as a sentence. */
  problem?: string | null;
  action: string;
  autoFocus?: boolean;
  onKey(key: string): void;
  /** Goes back to the key that is in use; there where one is. */
  onCancel?(): void;
}

export function KeyForm({ problem, action, autoFocus, onKey, onCancel }: Props) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);

  function submit(event: FormEvent) {
    event.preventDefault();
    const key = field.current?.value.trim();
    if (key) onKey(key);
    else field.current?.focus();
  }

  return (
    <form className="key-form" onSubmit={submit} onKeyDown={(event) => event.key === 'Escape' && onCancel?.()}>
      <label htmlFor={id}>API key</label>
      <div className="key-form-row">
        <input
          id={id}
          ref={field}
          type="password"
          required
          autoComplete="off"
          spellCheck={false}
          placeholder="igw_…"
          defaultValue={demoKey() ?? ''}
          autoFocus={autoFocus}
          aria-invalid={problem ? true : undefined}
          aria-describedby={problem ? `${id}-problem` : undefined}
        />
        <button type="submit" className="button button-primary">
          {action}
        </button>
        {onCancel && (
          <button type="button" className="button" onClick={onCancel}>
            Cancel
          </button>
        )}
      </div>
      {problem && (
        <p id={`${id}-problem`} className="key-form-problem" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}
