/** Views that are worth a name: those that everybody has, and one's own, kept in this browser. */
import { listOf, readView, writeView, type View } from './view';

export interface SavedView {
  name: string;
  /** The query string of its URL. */
  search: string;
}

const SLOT = 'imports-gateway.views';
const UNDER_WAY = 'status=processing,queued,new,rolling_back';

export const PRESET_VIEWS: SavedView[] = [
  { name: 'Failed this week', search: '?status=failed&created=this_week' },
  { name: 'Stuck for more than an hour', search: `?${UNDER_WAY}&updated=over_an_hour_ago` },
  { name: 'Running now', search: `?${UNDER_WAY}` },
];

export function viewOf({ search }: SavedView): View {
  return listOf(readView(search).view);
}

export function saveAs(name: string, view: View): SavedView {
  return { name, search: writeView(listOf(view)) };
}

/** One's own views. What is there and is none, as another version may have written, is passed over. */
export function readOwnViews(): SavedView[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(SLOT) ?? '[]');
    return Array.isArray(stored) ? stored.filter(isSavedView) : [];
  } catch {
    return [];
  }
}

/** Errors: false where this browser keeps nothing, such as in a private window. */
export function keepOwnViews(views: SavedView[]): boolean {
  try {
    if (views.length) localStorage.setItem(SLOT, JSON.stringify(views));
    else localStorage.removeItem(SLOT);
    return true;
  } catch {
    return false;
  }
}

function isSavedView(value: unknown): value is SavedView {
  const { name, search } = (value ?? {}) as Partial<SavedView>;
  return typeof name === 'string' && name !== '' && typeof search === 'string';
}
