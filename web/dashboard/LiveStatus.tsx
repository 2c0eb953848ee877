/** Whether the list moves as its imports do, and the button that stops and starts it. */
import type { Phase } from './stream';

const NAMES: Record<Phase, string> = {
  connecting: 'Connecting…',
  live: 'Live',
  lost: 'Reconnecting…',
  paused: 'Paused',
  hidden: 'Paused',
  refused: 'Not live',
  off: 'Not live',
};

const TITLES: Record<Phase, string> = {
  connecting: 'Asking for changes',
  live: 'Changes show as they happen',
  lost: 'The connection is lost. What changes meanwhile shows once it is back.',
  paused: 'Changes wait until live updates go on',
  hidden: 'Changes wait until this page is looked at',
  refused: 'The API key is no longer accepted',
  off: 'This service does not tell of changes',
};

interface Props {
  phase: Phase;
  isPaused: boolean;
  onPause(isPaused: boolean): void;
}

export function LiveStatus({ phase, isPaused, onPause }: Props) {
  return (
    <div className="live" role="group" aria-label="Live updates">
      <span className={`live-state live-${phase}`} title={TITLES[phase]}>
        {NAMES[phase]}
      </span>
      {phase !== 'off' && (
        <button
          type="button"
          className="button live-button"
          aria-label={isPaused ? 'Go on with live updates' : 'Pause live updates'}
          title={isPaused ? 'Go on with live updates' : 'Pause live updates'}
          onClick={() => onPause(!isPaused)}
        >
          <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
            <path d={isPaused ? 'M4.5 3l8 5l-8 5z' : 'M5.5 3v10M10.5 3v10'} />
          </svg>
        </button>
      )}
    </div>
  );
}

const SLOT = 'imports-gateway.live';

/** Whether the reader has paused live updates, in this tab or another. Kept in this browser. */
export function readPaused(): boolean {
  try {
    return localStorage.getItem(SLOT) === 'paused';
  } catch {
    return false;
  }
}

export function keepPaused(isPaused: boolean): void {
  try {
    if (isPaused) localStorage.setItem(SLOT, 'paused');
    else localStorage.removeItem(SLOT);
  } catch {
    // What was chosen holds for as long as the page is open.
  }
}
