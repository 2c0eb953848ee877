/** The ten statuses: their names for people, their tone and their icon. Colour never stands alone. */
import type { ImportStatus } from './__generated__/ImportsPageQuery.graphql';

export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'idle';

interface Look {
  name: string;
  tone: Tone;
  /** Path data of a 16 by 16 icon, drawn as strokes. */
  icon: string;
}

const RING = 'M8 1.75a6.25 6.25 0 1 1 0 12.5a6.25 6.25 0 1 1 0-12.5';
const LOOKS: Record<ImportStatus, Look> = {
  FAILED: { name: 'Failed', tone: 'bad', icon: `${RING}M5.75 5.75l4.5 4.5M10.25 5.75l-4.5 4.5` },
  COMPLETE: { name: 'Complete', tone: 'good', icon: `${RING}M5.2 8.3l2 2l3.8-4.3` },
  PARTIALLY_COMPLETE: {
    name: 'Partially complete',
    tone: 'warn',
    icon: `${RING}M8 1.75v12.5M8 5h4.8M8 8h6.2M8 11h4.8`,
  },
  INCOMPLETE: { name: 'Incomplete', tone: 'warn', icon: 'M8 2l6.5 11.5h-13zM8 6.5v3.2M8 11.6v.1' },
  PROCESSING: { name: 'Processing', tone: 'busy', icon: 'M14.2 8a6.2 6.2 0 1 1-3.1-5.4' },
  QUEUED: { name: 'Queued', tone: 'busy', icon: `${RING}M8 4.5V8l2.4 1.6` },
  NEW: { name: 'New', tone: 'busy', icon: `${RING}M8 5.2v5.6M5.2 8h5.6` },
  ROLLING_BACK: {
    name: 'Rolling back',
    tone: 'idle',
    icon: 'M5.5 3L2.5 6l3 3M2.5 6h6.75a4.25 4.25 0 0 1 0 8.5M6 14.5h.1',
  },
  ROLLED_BACK: { name: 'Rolled back', tone: 'idle', icon: 'M5.5 3L2.5 6l3 3M2.5 6h6.75a4.25 4.25 0 0 1 0 8.5H5' },
  UNSUPPORTED: { name: 'Unsupported', tone: 'idle', icon: `${RING}M3.6 3.6l8.8 8.8` },
};

/** In the order of the tabs: what needs a person first, then what is done, then what runs. */
export const STATUSES = Object.keys(LOOKS) as ImportStatus[];

export const TONES: { tone: Tone; name: string }[] = [
  { tone: 'bad', name: 'Failed' },
  { tone: 'warn', name: 'Partial' },
  { tone: 'good', name: 'Complete' },
  { tone: 'busy', name: 'In progress' },
  { tone: 'idle', name: 'Rolled back or unsupported' },
];

export function statusName(status: ImportStatus): string {
  return LOOKS[status].name;
}

export function statusTone(status: ImportStatus): Tone {
  return LOOKS[status].tone;
}

export function StatusIcon({ status }: { status: ImportStatus }) {
  const { tone, icon } = LOOKS[status];
  const spins = status === 'PROCESSING' ? ' icon-spins' : '';
  return (
    <svg className={`icon tone-${tone}${spins}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={icon} />
    </svg>
  );
}

export function StatusLabel({ status }: { status: ImportStatus }) {
  return (
    <span className={`status status-${statusTone(status)}`}>
      <StatusIcon status={status} />
      {statusName(status)}
    </span>
  );
}
