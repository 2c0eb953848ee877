/** What waits to come into a live list, against the list as it then is. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { after, before, test } from './limits.js';
import { openSource } from './source.js';

let vite;
let waitingOf;
before(async () => {
  vite = await openSource();
  ({ waitingOf } = await vite.ssrLoadModule('/dashboard/waiting.ts'));
});
after(() => vite?.close());

const SORTS = ['id', 'created_at', 'updated_at'].flatMap((field) =>
  [true, false].map((descending) => ({ field, descending })),
);
/** As the service writes instants: the zeros at the end of a fraction are left out, and the fraction where it is zero. */
const at = (units) => `2026-05-01T10:00:0${Math.floor(units / 10)}${units % 10 ? `.${units % 10}` : ''}Z`;

/** Numbers that look random, the same in each run. */
function random(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

/** In whole numbers, which need no care. */
function sorted(rows, { field, descending }) {
  const key = { id: 'id', created_at: 'created', updated_at: 'updated' }[field];
  return rows.toSorted((a, b) => (descending ? -1 : 1) * (a[key] - b[key] || a.id - b.id));
}

const keys = ({ id, created, updated }) => ({
  databaseId: String(id),
  createdAt: at(created),
  updatedAt: at(updated),
});

describe('what waits', () => {
  test('is nothing exactly where the rows are still the start of the list', () => {
    const pick = random(7);
    let [quiet, waited] = [0, 0];
    for (let round = 0; round < 6000; round += 1) {
      const sort = SORTS[round % SORTS.length];
      const all = Array.from({ length: pick(7) }, (_, index) => ({
        // Of different lengths, as a text "9" is behind "10".
        id: 7 + index * 2,
        created: pick(90),
        updated: pick(90),
      }));
      const list = sorted(all, sort);
      const shown = list.slice(0, pick(list.length + 1));
      const hasNext = shown.length < list.length;
      const isNew = !all.length || pick(2) === 0;
      const changed = isNew
        ? { id: 6 + pick(8) * 2, created: pick(90), updated: pick(90) }
        : { ...all[pick(all.length)], updated: pick(90) };
      const now = sorted([...all.filter(({ id }) => id !== changed.id), changed], sort);
      const end = hasNext ? shown.length : now.length;
      const isStart = shown.length === end && shown.every(({ id }, index) => now[index].id === id);
      const waiting = waitingOf([keys(changed)], shown.map(keys), sort, hasNext);
      const ids = Object.values(waiting).flat();
      // Where no row is loaded of a list that has some, the page that is about to come has the change.
      if (!shown.length && hasNext) continue;
      // Whether the last row has moved past one that is not loaded, only the service knows: it counts as waiting.
      const last = shown.at(-1);
      if (hasNext && last.id === changed.id && sorted([last, changed], sort)[0] === last) {
        assert.deepEqual(
          waiting.others,
          last.updated === changed.updated || sort.field !== 'updated_at' ? [] : [String(changed.id)],
        );
        continue;
      }
      assert.equal(ids.length === 0, isStart, JSON.stringify({ sort, shown, changed, hasNext, waiting, now }));
      if (isStart) quiet += 1;
      else waited += 1;
      if (!isStart && now[0].id === changed.id) assert.deepEqual(waiting.newer, [String(changed.id)]);
    }
    assert.ok(quiet > 500 && waited > 500, `${quiet} quiet, ${waited} waited`);
  });
});
