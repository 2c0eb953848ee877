/** The button that opens what a reader can choose about rows: columns to hide, and how close rows stand. */
import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import { COLUMNS, columns, DEFAULT_DISPLAY, isDefault, type Column, type Display } from './display';

interface Props {
  display: Display;
  onChange(display: Display): void;
}

export function DisplayOptions({ display, onChange }: Props) {
  const id = useId();
  const all = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const [isOpen, setIsOpen] = useState(false);

  useEffect(() => {
    if (!isOpen) return;
    const onPress = (event: PointerEvent) => all.current?.contains(event.target as Node) || setIsOpen(false);
    addEventListener('pointerdown', onPress);
    return () => removeEventListener('pointerdown', onPress);
  }, [isOpen]);

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== 'Escape' || !isOpen) return;
    event.preventDefault();
    opener.current?.focus();
    setIsOpen(false);
  }
  function toggle(column: Column) {
    const hidden = columns().filter((each) => display.hidden.includes(each) !== (each === column));
    onChange({ ...display, hidden });
  }

  return (
    <div
      ref={all}
      className="display"
      onKeyDown={onKeyDown}
      onBlur={(event) => {
        if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) setIsOpen(false);
      }}
    >
      <button
        ref={opener}
        type="button"
        className="button"
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setIsOpen(!isOpen)}
      >
        <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
          <path d="M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10" />
        </svg>
        Display
      </button>
      <div id={id} className="display-panel" role="group" aria-label="Display" hidden={!isOpen}>
        <fieldset className="group">
          <legend>Columns</legend>
          <div className="choices">
            {columns().map((column) => (
              <button
                key={column}
                type="button"
                className="choice"
                aria-pressed={!display.hidden.includes(column)}
                onClick={() => toggle(column)}
              >
                {COLUMNS[column]}
              </button>
            ))}
          </div>
        </fieldset>
        <fieldset className="group">
          <legend>Rows</legend>
          <div className="choices">
            {[false, true].map((isCompact) => (
              <button
                key={String(isCompact)}
                type="button"
                className="choice"
                aria-pressed={display.isCompact === isCompact}
                onClick={() => onChange({ ...display, isCompact })}
              >
                {isCompact ? 'Compact' : 'Comfortable'}
              </button>
            ))}
          </div>
        </fieldset>
        <p className="second">Kept in this browser. Narrow windows have no room for some columns.</p>
        {!isDefault(display) && (
          <button
            type="button"
            className="button"
            onClick={() => {
              opener.current?.focus();
              onChange(DEFAULT_DISPLAY);
            }}
          >
            Reset
          </button>
        )}
      </div>
    </div>
  );
}
