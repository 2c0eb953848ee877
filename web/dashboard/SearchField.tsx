/** The field that searches file names as one types. `/` leads to it from anywhere but another field, Escape empties it. */
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { MAX_TERM } from './view';

interface Props {
  /** What the list is searched for; empty: nothing. */
  term: string;
  onSearch(term: string): void;
}

/** Unit: milliseconds without another letter. */
const DEBOUNCE_MS = 250;

export function SearchField({ term, onSearch }: Props) {
  const field = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const asked = useRef(term);
  const [typed, setTyped] = useState(term);

  useEffect(() => () => clearTimeout(timer.current), []);
  // Another view, such as that of the back button, has a term of its own.
  useEffect(() => {
    if (term === asked.current) return;
    clearTimeout(timer.current);
    asked.current = term;
    setTyped(term);
  }, [term]);
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      // What stands behind an open dialog takes no focus.
      if (document.querySelector('dialog[open]')) return;
      event.preventDefault();
      field.current?.focus();
      field.current?.select();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);

  function ask(text: string) {
    clearTimeout(timer.current);
    asked.current = text;
    onSearch(text);
  }
  function type(text: string, isComposing: boolean) {
    // Cut at its most characters, a text may end in half of one.
    const whole = text.slice(0, MAX_TERM).replace(/\p{Cs}/gu, '');
    setTyped(whole);
    clearTimeout(timer.current);
    if (!isComposing) timer.current = setTimeout(() => ask(whole), DEBOUNCE_MS);
  }
  function onKeyDown(event: KeyboardEvent) {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Enter') ask(typed);
    if (event.key === 'Escape') {
      event.preventDefault();
      setTyped('');
      ask('');
    }
  }

  return (
    <div className="search" role="search">
      <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
        <path d="M7 2.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9M10.3 10.3L13.5 13.5" />
      </svg>
      <input
        ref={field}
        id="search"
        type="search"
        aria-label="Search file names"
        aria-keyshortcuts="/"
        placeholder="Search file names"
        autoComplete="off"
        spellCheck={false}
        maxLength={MAX_TERM}
        value={typed}
        onChange={(event) => type(event.currentTarget.value, (event.nativeEvent as InputEvent).isComposing)}
        onCompositionEnd={(event) => type(event.currentTarget.value, false)}
        onKeyDown={onKeyDown}
      />
      <kbd aria-hidden="true">/</kbd>
    </div>
  );
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, [contenteditable]') !== null;
}
