/** What the list is filtered by, as chips that can be removed, and the panel to choose more of it. */
import { useId, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { SearchField } from './SearchField';
import { formatSpanOfDays, hasSpan, PRESETS, writeSpan, type Preset, type Span } from './span';
import { STATUSES, StatusIcon, statusName } from './status';
import { DAYS } from './time';
import { hasFilter, NO_FILTERS, readSort, writeSort, type Filters, type View } from './view';

const ORDERS: [string, string][] = [
  ['id.desc', 'Newest first'],
  ['id.asc', 'Oldest first'],
  ['created_at.desc', 'Created, latest first'],
  ['created_at.asc', 'Created, earliest first'],
  ['updated_at.desc', 'Updated, latest first'],
  ['updated_at.asc', 'Updated, earliest first'],
];
const CREATED: Preset[] = ['today', 'last_7_days', 'last_30_days', 'this_month'];
const UPDATED: Preset[] = ['today', 'last_7_days', 'over_an_hour_ago'];
const OPENER = 'filters-button';

interface Props {
  view: View;
  /** Types that are known, to choose from. */
  types: string[];
  onGo(change: Partial<View>): void;
  onSearch(fileName: string): void;
  onReload(): void;
  /** What stands beside the button that opens the filters. */
  children: ReactNode;
}

export function FilterBar({ view, types, onGo, onSearch, onReload, children }: Props) {
  const id = useId();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <div className="toolbar">
        <SearchField term={view.fileName} onSearch={onSearch} />
        <button
          type="button"
          id={OPENER}
          className="button"
          aria-expanded={isOpen}
          aria-controls={`${id}-panel`}
          onClick={() => setIsOpen(!isOpen)}
        >
          <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
            <path d="M2 4h12M4.5 8h7M7 12h2" />
          </svg>
          Filter
        </button>
        {children}
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
          <button type="button" className="button" onClick={onReload}>
            Refresh
          </button>
        </div>
      </div>
      <div id={`${id}-panel`} hidden={!isOpen}>
        {isOpen && <Panel view={view} types={types} onGo={onGo} onClose={() => focusOpener(() => setIsOpen(false))} />}
      </div>
      <Chips view={view} onGo={onGo} />
    </>
  );
}

/** What is removed takes the focus with it; the next thing to do is to choose another filter. */
function focusOpener(then: () => void) {
  document.getElementById(OPENER)?.focus();
  then();
}

function Chips({ view, onGo }: Pick<Props, 'view' | 'onGo'>) {
  if (!hasFilter(view)) return null;
  const remove = (change: Partial<Filters>) => focusOpener(() => onGo(change));
  const { statuses, isExcluding, types, isExcludingTypes, isCompleted, created, updated, fileName } = view;
  return (
    <ul className="chips" aria-label="Filters in force">
      {statuses.length > 0 && (
        <Chip
          name={isExcluding ? 'Status is not' : 'Status is'}
          value={statuses.map(statusName).join(' or ')}
          onRemove={() => remove({ statuses: [], isExcluding: false })}
        />
      )}
      {types.map((type) => (
        <Chip
          key={type}
          name={isExcludingTypes ? 'Type is not' : 'Type is'}
          value={type}
          onRemove={() => remove(withoutType(view, type))}
        />
      ))}
      {isCompleted !== null && (
        <Chip
          name="Import"
          value={isCompleted ? 'has ended' : 'has not ended'}
          onRemove={() => remove({ isCompleted: null })}
        />
      )}
      {hasSpan(created) && (
        <Chip
          name="Created"
          value={formatSpanOfDays(created)}
          onRemove={() => remove({ created: NO_FILTERS.created })}
        />
      )}
      {hasSpan(updated) && (
        <Chip
          name="Updated"
          value={formatSpanOfDays(updated)}
          onRemove={() => remove({ updated: NO_FILTERS.updated })}
        />
      )}
      {fileName && <Chip name="File name has" value={`“${fileName}”`} onRemove={() => remove({ fileName: '' })} />}
      <li>
        <button type="button" className="button button-quiet" onClick={() => remove(NO_FILTERS)}>
          Clear filters
        </button>
      </li>
    </ul>
  );
}

function Chip({ name, value, onRemove }: { name: string; value: string; onRemove(): void }) {
  return (
    <li className="chip">
      <span className="chip-text" title={`${name} ${value}`}>
        {name} <strong>{value}</strong>
      </span>
      <button type="button" aria-label={`Remove the filter: ${name} ${value}`} onClick={onRemove}>
        <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
          <path d="M4.5 4.5l7 7M11.5 4.5l-7 7" />
        </svg>
      </button>
    </li>
  );
}

function Panel({ view, types, onGo, onClose }: Pick<Props, 'view' | 'types' | 'onGo'> & { onClose(): void }) {
  function apply(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    // A preset holds until days are typed in its place.
    const days = (name: string, now: Span): Span => {
      const [from, to] = [fields.get(`${name}-from`), fields.get(`${name}-to`)].map((day) => String(day ?? '') || null);
      if (!from && !to && now.preset) return now;
      // Two days in the wrong order can only mean the span between them.
      const isReversed = from && to && from > to;
      return { preset: null, from: (isReversed ? to : from) ?? null, to: (isReversed ? from : to) ?? null };
    };
    onGo({ created: days('created', view.created), updated: days('updated', view.updated) });
  }

  return (
    <form
      className="panel"
      aria-label="Filters"
      onSubmit={apply}
      onKeyDown={(event) => event.key === 'Escape' && onClose()}
    >
      <StatusFields view={view} onGo={onGo} />
      <TypeFields view={view} types={types} onGo={onGo} />
      <CompletedFields view={view} onGo={onGo} />
      <DayFields
        name="created"
        label="Created"
        presets={CREATED}
        span={view.created}
        onPreset={(created) => onGo({ created })}
      />
      <DayFields
        name="updated"
        label="Updated"
        presets={UPDATED}
        span={view.updated}
        onPreset={(updated) => onGo({ updated })}
      />
      <div className="panel-actions">
        <button type="submit" id="apply-dates" className="button button-primary">
          Apply dates
        </button>
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
    </form>
  );
}

function StatusFields({ view, onGo }: Pick<Props, 'view' | 'onGo'>) {
  const { statuses } = view;
  // What a choice will mean has to be kept here as long as nothing is chosen.
  const [wasExcluding, setWasExcluding] = useState(view.isExcluding);
  const isExcluding = statuses.length ? view.isExcluding : wasExcluding;

  function exclude(isExcluding: boolean) {
    setWasExcluding(isExcluding);
    // Leaving out all ten leaves nothing to ask for.
    if (statuses.length) onGo({ isExcluding, statuses: statuses.length < STATUSES.length ? statuses : [] });
  }
  function toggle(status: (typeof STATUSES)[number]) {
    const chosen = STATUSES.filter((each) => statuses.includes(each) !== (each === status));
    const isAll = chosen.length === STATUSES.length;
    onGo({ statuses: isAll ? [] : chosen, isExcluding: isExcluding && chosen.length > 0 && !isAll });
  }

  return (
    <Group label="Status">
      <Choices>
        <Pressed id="status-is" isPressed={!isExcluding} onPress={() => exclude(false)}>
          is
        </Pressed>
        <Pressed id="status-is-not" isPressed={isExcluding} onPress={() => exclude(true)}>
          is not
        </Pressed>
      </Choices>
      <Choices>
        {STATUSES.map((status) => (
          <Pressed
            key={status}
            id={`status-${status}`}
            isPressed={statuses.includes(status)}
            onPress={() => toggle(status)}
          >
            <StatusIcon status={status} />
            {statusName(status)}
          </Pressed>
        ))}
      </Choices>
    </Group>
  );
}

/** A type is taken by Enter or by its button; those taken are the chips above the list. */
function TypeFields({ view, types, onGo }: Pick<Props, 'view' | 'types' | 'onGo'>) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [wasExcluding, setWasExcluding] = useState(view.isExcludingTypes);
  const isExcluding = view.types.length ? view.isExcludingTypes : wasExcluding;

  function exclude(isExcludingTypes: boolean) {
    setWasExcluding(isExcludingTypes);
    if (view.types.length) onGo({ isExcludingTypes });
  }
  function add() {
    const type = field.current?.value.replace(/\p{Cs}/gu, '').trim();
    if (!field.current || !type) return;
    field.current.value = '';
    if (!view.types.includes(type)) onGo({ types: [...view.types, type], isExcludingTypes: isExcluding });
  }

  return (
    <Group label="Type">
      <Choices>
        <Pressed id="type-is" isPressed={!isExcluding} onPress={() => exclude(false)}>
          is
        </Pressed>
        <Pressed id="type-is-not" isPressed={isExcluding} onPress={() => exclude(true)}>
          is not
        </Pressed>
      </Choices>
      <div className="type">
        <input
          ref={field}
          id="type"
          list={`${id}-types`}
          aria-label="Type"
          placeholder="VehicleImport"
          autoComplete="off"
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.nativeEvent.isComposing) return;
            event.preventDefault();
            add();
          }}
        />
        <datalist id={`${id}-types`}>
          {types.map((type) => (
            <option key={type} value={type} />
          ))}
        </datalist>
        <button type="button" className="button" onClick={add}>
          Add type
        </button>
      </div>
    </Group>
  );
}

function withoutType({ types, isExcludingTypes }: View, type: string): Partial<Filters> {
  const left = types.filter((each) => each !== type);
  return { types: left, isExcludingTypes: isExcludingTypes && left.length > 0 };
}

function CompletedFields({ view, onGo }: Pick<Props, 'view' | 'onGo'>) {
  const choice = (id: string, name: string, isCompleted: boolean | null) => (
    <Pressed id={id} isPressed={view.isCompleted === isCompleted} onPress={() => onGo({ isCompleted })}>
      {name}
    </Pressed>
  );
  return (
    <Group label="End">
      <Choices>
        {choice('completed-any', 'ended or not', null)}
        {choice('completed-yes', 'has ended', true)}
        {choice('completed-no', 'has not ended', false)}
      </Choices>
    </Group>
  );
}

interface DayFieldsProps {
  name: string;
  label: string;
  presets: Preset[];
  span: Span;
  onPreset(span: Span): void;
}

function DayFields({ name, label, presets, span, onPreset }: DayFieldsProps) {
  const day = (end: 'from' | 'to') => (
    <input
      type="date"
      {...DAYS}
      id={`${name}-${end}`}
      name={`${name}-${end}`}
      aria-label={`${label} ${end}`}
      defaultValue={span[end] ?? ''}
    />
  );
  return (
    <Group label={label}>
      <Choices>
        {presets.map((preset) => (
          <Pressed
            key={preset}
            id={`${name}-${preset}`}
            isPressed={span.preset === preset}
            onPress={() => onPreset({ ...NO_FILTERS.created, preset: span.preset === preset ? null : preset })}
          >
            {PRESETS[preset]}
          </Pressed>
        ))}
      </Choices>
      {/* Keyed by what they show: the back button puts the dates of that view into the fields. */}
      <div className="days" key={writeSpan(span)}>
        {day('from')}
        <span aria-hidden="true">–</span>
        {day('to')}
      </div>
    </Group>
  );
}

function Group({ label, children }: { label: string; children: ReactNode }) {
  return (
    <fieldset className="group">
      <legend>{label}</legend>
      {children}
    </fieldset>
  );
}

function Choices({ children }: { children: ReactNode }) {
  return <div className="choices">{children}</div>;
}

/** A button that stays pressed. Its id lets the focus return to it after the fields are drawn anew. */
function Pressed(props: { id: string; isPressed: boolean; onPress(): void; children: ReactNode }) {
  return (
    <button type="button" id={props.id} className="choice" aria-pressed={props.isPressed} onClick={props.onPress}>
      {props.children}
    </button>
  );
}
