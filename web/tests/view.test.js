/** What a URL of the dashboard says, and how values read. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { after, before, test } from './limits.js';
import { openSource } from './source.js';

let vite;
let view;
let format;
let chart;
let jump;
let time;
/** Friday, 1 May 2026, 01:30 in UTC. */
const NOW = Date.parse('2026-05-01T01:30:00Z');
before(async () => {
  vite = await openSource();
  view = await vite.ssrLoadModule('/dashboard/view.ts');
  format = await vite.ssrLoadModule('/dashboard/format.ts');
  time = await vite.ssrLoadModule('/dashboard/time.ts');
  jump = await vite.ssrLoadModule('/dashboard/JumpForm.tsx');
  chart = await vite.ssrLoadModule('/dashboard/DayChart.tsx');
});
after(() => vite?.close());

const ALL = 'new,queued,processing,partially_complete,failed,complete,incomplete,rolled_back,rolling_back,unsupported';

describe('a view', () => {
  test('survives its URL', () => {
    for (const search of [
      '',
      '?status=failed',
      '?status=failed,rolled_back&created=2026-01-31..2026-02-28&updated=..2026-03-01&sort=updated_at.asc',
      '?created=2024-02-29..&sort=id.asc&after=a-_b.c&import=1240000001',
      '?status_not=complete,rolled_back&created=last_7_days&updated=over_an_hour_ago',
      '?q=a%26b%2B%25%20%E2%80%AE%F0%9F%98%80&sort=id.asc',
      `?q=${encodeURIComponent('😀'.repeat(256))}`,
      '?type=VehicleImport&type=a%2Cb%26c&completed=no&q=x',
      '?status=failed&type_not=VehicleImport&completed=yes',
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
      ['?status=failed&status_not=new', '?status=failed', 1],
      [`?status_not=${ALL}&sort=id.asc`, '?sort=id.asc', 1],
      [`?q=${'a'.repeat(257)}&sort=id.asc`, '?sort=id.asc', 1],
      ['?q=a&q=b', '?q=a', 1],
      ['?type=a&type_not=b&type=a', '?type=a', 1],
      ['?type=&completed=maybe', '', 1],
      ['?created=last_8_days', '', 1],
      ['?created=toString', '', 1],
      ['?state=failed&sort=id.asc', '?sort=id.asc', 1],
      ['?status=failed&status=new&status=queued', '?status=failed', 1],
    ]) {
      const { view: read, dropped } = view.readView(search);
      assert.deepEqual([view.writeView(read), dropped.length], [left, sentences], search);
    }
  });

  test('asks for whole days, the last one included', () => {
    const filter = (search) => view.toFilter(view.readView(search).view, NOW, 'UTC');
    assert.deepEqual(filter('?created=2026-01-31..2026-02-28'), {
      createdAt: { between: { gte: '2026-01-31T00:00:00Z', lt: '2026-03-01T00:00:00Z' } },
    });
    assert.deepEqual(filter('?updated=..2026-12-31'), { updatedAt: { lt: '2027-01-01T00:00:00Z' } });
    assert.deepEqual(filter('?updated=2026-12-31..&status=new'), {
      status: { include: ['NEW'] },
      updatedAt: { gte: '2026-12-31T00:00:00Z' },
    });
    assert.equal(filter('?sort=id.asc'), null);
    assert.deepEqual(filter('?type=A&type=B,C&completed=no'), { type: { include: ['A', 'B,C'] }, isCompleted: false });
    assert.deepEqual(filter('?type_not=A&completed=yes'), { type: { exclude: ['A'] }, isCompleted: true });
    assert.deepEqual(filter('?q=Fuel%20'), { fileName: { contains: 'Fuel ' } });
  });

  test('asks for days of a time zone, and for spans that move with the clock', () => {
    const at = (search, zone) => view.toFilter(view.readView(search).view, NOW, zone).createdAt.between;
    assert.deepEqual(at('?created=2026-03-29..2026-03-29', 'Europe/Berlin'), {
      gte: '2026-03-28T23:00:00Z',
      lt: '2026-03-29T22:00:00Z',
    });
    // Friday, 1 May 2026, 01:30 in UTC, is still Thursday in New York.
    const days = (preset) => at(`?created=${preset}`, 'America/New_York');
    const until = '2026-05-01T04:00:00Z';
    assert.deepEqual(days('today'), { gte: '2026-04-30T04:00:00Z', lt: until });
    assert.deepEqual(days('last_7_days'), { gte: '2026-04-24T04:00:00Z', lt: until });
    assert.deepEqual(days('last_30_days'), { gte: '2026-04-01T04:00:00Z', lt: until });
    assert.deepEqual(days('this_week'), { gte: '2026-04-27T04:00:00Z', lt: until });
    assert.deepEqual(days('this_month'), { gte: '2026-04-01T04:00:00Z', lt: until });
    const stuck = view.toFilter(view.readView('?updated=over_an_hour_ago').view, NOW, 'America/New_York');
    assert.deepEqual(stuck, { updatedAt: { lt: '2026-05-01T00:30:00Z' } });
  });

  test('leaves statuses out by name', () => {
    const { status } = view.toFilter(view.readView('?status_not=complete,failed').view, NOW, 'UTC');
    assert.deepEqual(status, { exclude: ['COMPLETE', 'FAILED'] });
  });

  test('jumps to the first instant of a day, or, latest first, to its last', () => {
    const at = (order) => jump.positionOf('2026-03-29', view.readSort(order), 'Europe/Berlin');
    assert.deepEqual(at('created_at.asc'), { createdAt: '2026-03-28T23:00:00.000Z' });
    assert.deepEqual(at('updated_at.desc'), { updatedAt: '2026-03-29T21:59:59.999999Z' });
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

  test('show dates in the time zone of the viewer, here UTC', () => {
    assert.equal(format.formatDate('2026-05-01T23:59:59.999999Z'), '01 May 2026');
    assert.equal(format.formatTime('2026-05-01T23:59:59.999999Z'), '23:59');
  });

  test('show days of the last week as people speak of them', () => {
    for (const [instant, wanted] of [
      ['2026-05-01T01:29:00Z', 'Fri 01 May'],
      ['2026-05-01T23:00:00Z', 'Fri 01 May'],
      ['2026-04-28T00:00:00Z', 'Tue 28 Apr'],
      ['2026-04-24T00:00:00Z', 'Fri 24 Apr'],
      ['2026-04-23T23:59:59Z', '23 Apr 2026'],
      ['2026-05-02T00:00:00Z', '02 May 2026'],
      ['0001-01-01T00:00:00Z', '01 Jan 1'],
    ]) {
      assert.equal(format.formatRecentDate(instant, NOW), wanted);
    }
  });
});

test('a file without a name still has something to click', () => {
  assert.deepEqual(['', ' ', 'a.csv'].map(format.formatFileName), ['No file name', 'No file name', 'a.csv']);
});

describe('a day', () => {
  test('starts at its first instant, whatever clocks do that night', () => {
    for (const [day, zone, start] of [
      ['2026-05-01', 'UTC', '2026-05-01T00:00:00.000Z'],
      ['2026-05-01', 'Asia/Kathmandu', '2026-04-30T18:15:00.000Z'],
      // Clocks go forward at midnight: the day starts at 01:00.
      ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z'],
      ['2024-04-26', 'Africa/Cairo', '2024-04-25T22:00:00.000Z'],
      // Midnight comes twice: the day starts at the first.
      ['2025-11-02', 'America/Havana', '2025-11-02T04:00:00.000Z'],
      ['2006-10-29', 'America/St_Johns', '2006-10-29T02:30:00.000Z'],
      // A day that Samoa left out is as long as nothing.
      ['2011-12-30', 'Pacific/Apia', '2011-12-30T10:00:00.000Z'],
      ['2011-12-31', 'Pacific/Apia', '2011-12-30T10:00:00.000Z'],
      // By the sun, to the second.
      ['1880-01-01', 'Europe/Paris', '1879-12-31T23:50:39.000Z'],
      ['0001-01-01', 'Asia/Tokyo', '0001-01-01T00:00:00.000Z'],
      ['9999-12-30', 'Pacific/Kiritimati', '9999-12-29T10:00:00.000Z'],
    ]) {
      assert.equal(new Date(time.startOfDay(day, zone)).toISOString(), start, `${day} in ${zone}`);
    }
  });

  test('is the one that clocks show', () => {
    const day = (instant, zone) => time.dayOf(Date.parse(instant), zone);
    assert.equal(day('2026-05-01T03:59:59.999999Z', 'America/New_York'), '2026-04-30');
    assert.equal(day('2026-05-01T04:00:00Z', 'America/New_York'), '2026-05-01');
    assert.equal(day('0001-01-01T00:00:00Z', 'America/New_York'), '0001-01-01');
    assert.equal(day('9999-12-31T23:59:59.999999Z', 'Asia/Tokyo'), '9999-12-31');
    assert.equal(day('1969-12-31T23:59:59.5Z', 'UTC'), '1969-12-31');
  });

  test('is one of UTC where the browser names no zone that can be used', () => {
    for (const name of [undefined, '', 'Etc/Unknown', 'Mars/Olympus']) {
      assert.deepEqual(time.readZone(name), { name: 'UTC', isViewers: false });
    }
    assert.deepEqual(time.readZone('Europe/Kiev'), { name: 'Europe/Kiev', isViewers: true });
  });
});

describe('the chart', () => {
  const bucket = (start, count) => ({ start, total: count, byStatus: [{ status: 'NEW', count }] });
  const bars = (buckets, rest, zone = 'UTC', by = 'DAY') =>
    chart.barsOf({ counts: { buckets, total: 0, isExact: true, reachedAt: null, ...rest }, zone, by });
  const brief = ({ day, last, total, isPartial }) => [day, last, total, isPartial];

  test('has a bar for each day of a zone from the first import to the last', () => {
    const { step, bars: drawn } = bars(
      [bucket('2026-03-27T23:00:00.000000Z', 2), bucket('2026-03-29T22:00:00.000000Z', 3)],
      {},
      'Europe/Berlin',
    );
    assert.equal(step, 'day');
    assert.deepEqual(drawn.map(brief), [
      ['2026-03-28', '2026-03-28', 2, false],
      ['2026-03-29', '2026-03-29', 0, false],
      ['2026-03-30', '2026-03-30', 3, false],
    ]);
  });

  test('adds days up to weeks, and has none shorter than what was counted by', () => {
    const days = [bucket('2026-01-01T00:00:00.000000Z', 1), bucket('2026-04-30T00:00:00.000000Z', 5)];
    const weeks = bars([...days, bucket('2026-04-28T00:00:00.000000Z', 2)], {});
    assert.equal(weeks.step, 'week');
    assert.deepEqual(brief(weeks.bars[0]), ['2025-12-29', '2026-01-04', 1, false]);
    assert.deepEqual(brief(weeks.bars.at(-1)), ['2026-04-27', '2026-05-03', 7, false]);
    const [month] = bars([bucket('2026-02-01T00:00:00.000000Z', 1)], {}, 'UTC', 'MONTH').bars;
    assert.deepEqual(brief(month), ['2026-02-01', '2026-02-28', 1, false]);
  });

  test('marks the bars that may not be whole', () => {
    const days = ['01', '02', '03'].map((day) => bucket(`2026-05-${day}T00:00:00.000000Z`, 1));
    const marked = (reachedAt) => bars(days, { isExact: false, reachedAt }).bars.map(({ isPartial }) => isPartial);
    assert.deepEqual(marked('2026-05-02T10:00:00.000001Z'), [true, true, false]);
    assert.deepEqual(marked('2026-05-02T00:00:00.000000Z'), [true, false, false]);
  });

  test('says what is known of the total', () => {
    assert.equal(chart.totalOf({ total: 20_005, isExact: true }), '20,005 imports');
    assert.equal(chart.totalOf({ total: 20_001, isExact: false }), 'More than 20,000 imports');
    assert.equal(chart.totalOf({ total: 1, isExact: false }), 'At least 1 import');
  });

  test('ends with the calendar', () => {
    const [bar] = bars([bucket('9999-12-31T00:00:00.000000Z', 1)], {}).bars;
    assert.deepEqual(brief(bar), ['9999-12-31', null, 1, false]);
  });

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
