/**
 * The line of saved views, and what else can be done with the view that is shown.
 *
 * The views are links, so that each can be opened in a new tab and its address copied.
 */
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { Anchor } from './Anchor';
import { copyText } from './clipboard';
import { keepOwnViews, PRESET_VIEWS, readOwnViews, saveAs, viewOf, type SavedView } from './saved';
import { EMPTY_VIEW, listOf, sameList, writeView, type View } from './view';

const SAVE = 'save-view';

interface Props {
  view: View;
  onGo(change: Partial<View>): void;
}

export function SavedViews({ view, onGo, onShowRequest }: Props & { onShowRequest(): void }) {
  const [own, setOwn] = useState(readOwnViews);
  const [isNaming, setIsNaming] = useState(false);
  const [said, setSaid] = useState('');
  const isWorthSaving = !sameList(view, EMPTY_VIEW) && ![...PRESET_VIEWS, ...own].some((one) => isShown(one, view));

  // Another tab may have changed them.
  useEffect(() => {
    const reread = () => setOwn(readOwnViews());
    addEventListener('storage', reread);
    return () => removeEventListener('storage', reread);
  }, []);
  useEffect(() => setSaid(''), [writeView(listOf(view))]);

  function keep(views: SavedView[], sentence: string) {
    setOwn(views);
    setSaid(keepOwnViews(views) ? sentence : 'This browser keeps nothing: the view is gone with this page.');
  }
  function save(name: string) {
    setIsNaming(false);
    keep([...own.filter((one) => one.name !== name), saveAs(name, view)], `Saved as “${name}”.`);
  }
  function remove(name: string) {
    document.querySelector<HTMLElement>('.views a')?.focus();
    keep(
      own.filter((one) => one.name !== name),
      `Removed “${name}”.`,
    );
  }
  async function copy() {
    const link = new URL(`./${writeView(listOf(view))}`, location.href).href;
    setSaid(
      (await copyText(link))
        ? 'The link is copied.'
        : 'This browser lets no page copy; the link is in its address bar.',
    );
  }

  return (
    <nav className="views" aria-label="Saved views">
      {PRESET_VIEWS.map((one) => (
        <Saved key={one.name} one={one} view={view} onGo={onGo} />
      ))}
      {own.map((one) => (
        <span key={one.name} className="view-own">
          <Saved one={one} view={view} onGo={onGo} />
          <button type="button" aria-label={`Remove the view “${one.name}”`} onClick={() => remove(one.name)}>
            <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
              <path d="M4.5 4.5l7 7M11.5 4.5l-7 7" />
            </svg>
          </button>
        </span>
      ))}
      {isWorthSaving && !isNaming && (
        <button type="button" id={SAVE} className="view-link" onClick={() => setIsNaming(true)}>
          Save this view
        </button>
      )}
      {isNaming && <NameForm onName={save} onCancel={() => setIsNaming(false)} />}
      {!sameList(view, EMPTY_VIEW) && (
        <button type="button" className="view-link" onClick={copy}>
          Copy link
        </button>
      )}
      <button type="button" className="view-link" onClick={onShowRequest}>
        Show as curl
      </button>
      <span role="status" className="views-said">
        {said}
      </span>
    </nav>
  );
}

function isShown(one: SavedView, view: View): boolean {
  return sameList(viewOf(one), view);
}

function Saved({ one, view, onGo }: Props & { one: SavedView }) {
  const target = viewOf(one);
  return (
    <Anchor
      className="view-link"
      view={target}
      aria-current={isShown(one, view) ? 'page' : undefined}
      onFollow={() => onGo(target)}
    >
      {one.name}
    </Anchor>
  );
}

function NameForm({ onName, onCancel }: { onName(name: string): void; onCancel(): void }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
    // Gone with its button pressed or by Escape, it leaves the focus where the keyboard came from.
    return () => {
      const views = document.querySelector('.views');
      (views?.querySelector<HTMLElement>('[aria-current]') ?? views?.querySelector<HTMLElement>('a'))?.focus();
    };
  }, []);

  function submit(event: FormEvent) {
    event.preventDefault();
    const name = field.current?.value.trim();
    if (name) onName(name);
  }

  return (
    <form className="view-name" onSubmit={submit} onKeyDown={(event) => event.key === 'Escape' && onCancel()}>
      <input ref={field} aria-label="Name of the view" placeholder="Name" maxLength={60} required />
      <button type="submit" className="button">
        Save
      </button>
      <button type="button" className="button" onClick={onCancel}>
        Cancel
      </button>
    </form>
  );
}
