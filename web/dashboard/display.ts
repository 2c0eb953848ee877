/** How rows are shown, for this reader alone: which columns there are and how close rows stand. Kept in this browser. */

export const COLUMNS = {
  id: 'Import',
  status: 'Status',
  size: 'Size',
  note: 'Note',
  created: 'Created',
  updated: 'Updated',
  duration: 'Duration',
};

/** A column that can be hidden. The file has none of these: its name is what opens an import. */
export type Column = keyof typeof COLUMNS;

export interface Display {
  hidden: Column[];
  isCompact: boolean;
}

export const DEFAULT_DISPLAY: Display = { hidden: [], isCompact: false };
const SLOT = 'imports-gateway.display';

/** What was kept. What another version may have written and this one does not know is passed over. */
export function readDisplay(): Display {
  try {
    const stored = JSON.parse(localStorage.getItem(SLOT) ?? '{}') as Partial<Record<keyof Display, unknown>> | null;
    const hidden = Array.isArray(stored?.hidden) ? stored.hidden : [];
    return { hidden: columns().filter((column) => hidden.includes(column)), isCompact: stored?.isCompact === true };
  } catch {
    return DEFAULT_DISPLAY;
  }
}

/** Does nothing where this browser keeps nothing, such as in a private window. */
export function keepDisplay(display: Display): void {
  try {
    if (isDefault(display)) localStorage.removeItem(SLOT);
    else localStorage.setItem(SLOT, JSON.stringify(display));
  } catch {
    // What was chosen holds for as long as the page is open.
  }
}

export function isDefault({ hidden, isCompact }: Display): boolean {
  return !hidden.length && !isCompact;
}

export function columns(): Column[] {
  return Object.keys(COLUMNS) as Column[];
}

/** The classes of the list's element by which its style hides columns and moves rows together. */
export function classesOf({ hidden, isCompact }: Display): string {
  return [...hidden.map((column) => `hides-${column}`), ...(isCompact ? ['compact'] : [])].join(' ');
}
