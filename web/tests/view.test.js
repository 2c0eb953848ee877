/** What a URL of the dashboard says, and how values read. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { after, before, test } from './limits.js';
import { openSource } from './source.js';

let vite;
let view;
let format;
let chart;
before(async () => {
  vite = await openSource();
  view = await vite.ssrLoadModule('/dashboard/view.ts');
  format = await vite.ssrLoadModule('/dashboard/format.ts');
  chart = await vite.ssrLoadModule('/dashboard/DayChart.tsx');
});
after(() => vite?.close());

describe('a view', () => {
  test('survives its URL', () => {
    for (const search of [
      '',
      '?status=failed',
      '?status=failed,rolled_back&created=2026-01-31..2026-02-28&updated=..2026-03-01&sort=updated_at.asc',
      '?created=2024-02-29..&sort=id.asc&after=a-_b.c&import=1240000001',
    ]) {
      const { view: read, dropped } = view.readView(search);
      assert.deepEqual([view.writeView(read), dropped], [search, []]);
    }
  });

  test('loses only what makes no sense, one sentence each', () => {
    for (const [search, left, sentences] of [
      ['?status=failed,lost,Complete,failed', '?status=failed,complete', 1],
      ['?created=2026-02-30..&sort=id.asc', '?sort=id.asc', 1],
      ['?created=2026-01-02..2026-01-01', '', 1],
      ['?created=..', '', 1],
      ['?created=2026-01-01', '', 1],
      ['?updated=9999-12-31..', '', 1],
      ['?sort=id&import=-1', '', 2],
      ['?sort=size.asc&status=', '', 2],
      ['?state=failed&sort=id.asc', '?sort=id.asc', 1],
      ['?status=failed&status=new&status=queued', '?status=failed', 1],
    ]) {
      const { view: read, dropped } = view.readView(search);
      assert.deepEqual([view.writeView(read), dropped.length], [left, sentences], search);
    }
  });

  test('asks for whole days, the last one included', () => {
    const filter = (search) => view.toFilter(view.readView(search).view);
    assert.deepEqual(filter('?created=2026-01-31..2026-02-28'), {
      createdAt: { between: { gte: '2026-01-31T00:00:00Z', lt: '2026-03-01T00:00:00Z' } },
    });
    assert.deepEqual(filter('?updated=..2026-12-31'), { updatedAt: { lt: '2027-01-01T00:00:00Z' } });
    assert.deepEqual(filter('?updated=2026-12-31..&status=new'), {
      status: { include: ['NEW'] },
      updatedAt: { gte: '2026-12-31T00:00:00Z' },
    });
    assert.equal(filter('?sort=id.asc'), null);
  });

  test('is the same list wherever one stands in it', () => {
    const read = (search) => view.readView(search).view;
    assert.ok(view.sameList(read('?status=new&after=x&import=7'), read('?status=new')));
    assert.ok(!view.sameList(read('?status=new'), read('?status=new&sort=id.asc')));
  });
});

describe('values', () => {
  test('read in units of a thousand, three digits at most', () => {
    const sizes = {
      0: '0 B',
      999: '999 B',
      1000: '1.0 kB',
      99_400: '99.4 kB',
      999_600: '1.0 MB',
      123_456_789: '123 MB',
    };
    for (const [bytes, text] of Object.entries(sizes)) assert.equal(format.formatSize(bytes), text);
    assert.equal(format.formatSize('9223372036854775807'), '9.2 EB');
  });

  test('show a span of time in its two largest units', () => {
    const span = (end) => format.formatSpan('2026-01-01T00:00:00.000000Z', end);
    assert.equal(span('2026-01-01T00:00:00.250000Z'), '250 ms');
    assert.equal(span('2026-01-01T00:00:59.400000Z'), '59 s');
    assert.equal(span('2026-01-01T01:02:03.000000Z'), '1 h 2 min');
    assert.equal(span('2026-01-03T05:00:00.000000Z'), '2 d 5 h');
    assert.equal(span('2025-12-31T00:00:00.000000Z'), null);
    assert.equal(span(null), null);
  });

  test('show dates in UTC', () => {
    assert.equal(format.formatDate('2026-05-01T23:59:59.999999Z'), '01 May 2026');
    assert.equal(format.formatTime('2026-05-01T23:59:59.999999Z'), '23:59');
  });
});

test('a file without a name still has something to click', () => {
  assert.deepEqual(['', ' ', 'a.csv'].map(format.formatFileName), ['No file name', 'No file name', 'a.csv']);
});

describe('the chart', () => {
  test('has few bars for any span, each day in one of them, up to the last day that the service knows', () => {
    for (const [first, last, step, bars] of [
      ['2026-05-01', '2026-05-01', 'day', 1],
      ['2026-05-01', '2026-07-01', 'day', 62],
      ['2026-05-01', '2026-07-02', 'week', 10],
      ['2026-01-01', '2030-12-31', 'month', 60],
      ['2000-06-01', '2050-01-01', 'year', 51],
      ['1900-01-01', '2400-01-01', 'decade', 51],
      ['0001-01-01', '9999-12-31', 'century', 100],
      ['9999-12-01', '9999-12-31', 'day', 31],
      ['9999-09-01', '9999-12-31', 'week', 18],
      ['9997-01-15', '9999-12-31', 'month', 36],
      ['9960-01-15', '9999-12-31', 'year', 40],
      ['9600-01-15', '9999-12-31', 'decade', 40],
    ]) {
      assert.equal(chart.stepOf(first, last), step, `${first} to ${last}`);
      const starts = chart.startsOf(first, last, step);
      assert.equal(starts.length, bars, `${first} to ${last}`);
      assert.ok(starts[0] <= first && starts.at(-1) <= last, `${first} to ${last}`);
      assert.deepEqual(starts, [...new Set(starts)].sort());
    }
  });
});
