/** Date filters, and the order where the table's head has no room for it. The fields are applied together. */
import { useId, useState, type FormEvent } from 'react';
import { EMPTY_VIEW, hasDays, hasFilter, readSort, writeSort, writeView, type Days, type View } from './view';

const ORDERS: [string, string][] = [
  ['id.desc', 'Newest first'],
  ['id.asc', 'Oldest first'],
  ['created_at.desc', 'Created, latest first'],
  ['created_at.asc', 'Created, earliest first'],
  ['updated_at.desc', 'Updated, latest first'],
  ['updated_at.asc', 'Updated, earliest first'],
];

interface Props {
  view: View;
  onGo(change: Partial<View>): void;
  onReload(): void;
}

export function Filters({ view, onGo, onReload }: Props) {
  const id = useId();
  // A phone shows the imports first; whether it is one is asked once, so that a turned phone closes nothing.
  const [narrow] = useState(() => matchMedia('(max-width: 46rem)').matches);
  const filtersDays = hasDays(view.created) || hasDays(view.updated);

  function apply(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const days = (name: string): Days => {
      const [from, to] = [fields.get(`${name}-from`), fields.get(`${name}-to`)].map((day) => String(day ?? '') || null);
      // Two days in the wrong order can only mean the span between them.
      return from && to && from > to ? { from: to, to: from } : { from: from ?? null, to: to ?? null };
    };
    onGo({ created: days('created'), updated: days('updated') });
  }

  return (
    <details className="filter-box" open={!narrow || filtersDays}>
      <summary>Dates and order</summary>
      {/* Keyed by what it shows: the back button puts the dates of that view into the fields. */}
      <form
        className="filters"
        key={writeView({ ...EMPTY_VIEW, created: view.created, updated: view.updated })}
        onSubmit={apply}
      >
        <DayFields name="created" label="Created" days={view.created} />
        <DayFields name="updated" label="Updated" days={view.updated} />
        <div className="filter-actions">
          <button type="submit" id="apply-dates" className="button button-primary">
            Apply dates
          </button>
          {hasFilter(view) && (
            <button
              type="button"
              className="button"
              onClick={() => onGo({ statuses: [], created: EMPTY_VIEW.created, updated: EMPTY_VIEW.updated })}
            >
              Clear filters
            </button>
          )}
          <button type="button" className="button" onClick={onReload}>
            Refresh
          </button>
        </div>
        <div className="order">
          <label htmlFor={`${id}-order`}>Order</label>
          <select
            id={`${id}-order`}
            value={writeSort(view.sort)}
            onChange={(event) => onGo({ sort: readSort(event.currentTarget.value) })}
          >
            {ORDERS.map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        </div>
      </form>
    </details>
  );
}

/** The first and the last day of which the service knows the midnights. */
const DAYS = { min: '0001-01-01', max: '9999-12-30' };

function DayFields({ name, label, days }: { name: string; label: string; days: Days }) {
  return (
    <fieldset className="days">
      <legend>{label}</legend>
      <input type="date" {...DAYS} name={`${name}-from`} aria-label={`${label} from`} defaultValue={days.from ?? ''} />
      <span aria-hidden="true">–</span>
      <input type="date" {...DAYS} name={`${name}-to`} aria-label={`${label} to`} defaultValue={days.to ?? ''} />
    </fieldset>
  );
}
