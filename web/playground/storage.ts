/**
 * What the editor keeps between visits: its tabs, history and settings, and no header, as one may hold a key.
 *
 * GraphiQL leaves headers out of its tabs when told to, and keeps them in its history all the same. They are null here,
 * as in its own tabs: it takes no tab without them.
 */
export const storage = available() && {
  get length() {
    return localStorage.length;
  },
  getItem: (name: string) => localStorage.getItem(name),
  setItem: (name: string, value: string) => localStorage.setItem(name, withoutHeaders(value)),
  removeItem: (name: string) => localStorage.removeItem(name),
  clear: () => localStorage.clear(),
};

function available(): true | undefined {
  try {
    return localStorage ? true : undefined;
  } catch {
    return undefined;
  }
}

function withoutHeaders(value: string): string {
  if (!value.includes('"headers"')) return value;
  try {
    return JSON.stringify(JSON.parse(value), (name, part) => (name === 'headers' ? null : part));
  } catch {
    // Not one of its records of operations: a text that happens to hold the word.
    return value;
  }
}
