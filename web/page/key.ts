/**
 * The API key of this tab.
 *
 * Kept in `sessionStorage`: it lives as long as the tab, no other tab reads it, and it is never part of a URL. A
 * `demo` server writes a key into its pages, which stands in until one is typed.
 */
const SLOT = 'imports-gateway.key';

let unsaved: string | null = null;

/** The key to use, or null where none was typed and this is no demo. */
export function currentKey(): string | null {
  return stored() ?? demoKey();
}

/** The key that a `demo` server put into the page, or null. */
export function demoKey(): string | null {
  const content = document.querySelector<HTMLMetaElement>('meta[name="demo-key"]')?.content;
  return content ? content : null;
}

/** Whether a header can carry the text; a key is plain ASCII, so that whatever cannot is none. */
export function isSendable(key: string): boolean {
  return /^[\x20-\x7e]+$/.test(key);
}

export function keepKey(key: string): void {
  unsaved = key;
  try {
    sessionStorage.setItem(SLOT, key);
  } catch {
    // Storage is switched off: the key then lives as long as the page.
  }
}

export function forgetKey(): void {
  unsaved = null;
  try {
    sessionStorage.removeItem(SLOT);
  } catch {
    // Nothing was stored either.
  }
}

function stored(): string | null {
  try {
    return sessionStorage.getItem(SLOT) ?? unsaved;
  } catch {
    return unsaved;
  }
}
