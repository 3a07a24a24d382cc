import { describe, expect, test } from 'vitest';
import { muninRange, muninThresholds } from '../../../src/munin/munin-range.ts';

describe('Nagios ranges as Munin ranges', () => {
  test.each<[string, string | undefined]>([
    ['80', ':80'],
    ['0:80', ':80'],
    ['~:80', ':80'],
    [':80', ':80'],
    ['10:80', '10:80'],
    ['10:', '10:'],
    ['80%', ':80'],
    ['.5', ':0.5'],
    ['0', ':0'],
    // Alerts inside, never, or always: Munin would read each of them as 0:0, a constant alarm.
    ['@10:20', undefined],
    ['~:', undefined],
    ['0:', undefined],
    ['nonsense', undefined],
    ['', undefined],
    ['20:10', undefined],
    ['80k', undefined],
  ])('converts %j to %j', (text, range) => expect(muninRange(text, { '%': 1 }, 1)).toBe(range));
});

describe('thresholds', () => {
  test.each<[string, Readonly<Record<string, string>>, string, string | undefined, string | undefined]>([
    ['the defaults of the check, as counts', {}, 'entries', ':800', ':900'],
    ['also for the fullest namespace', {}, 'fullest', ':800', ':900'],
    ['not for fields other than usage', {}, 'drop', undefined, undefined],
    ['env.warning in percent', { warning: '70%', critical: '~:95' }, 'entries', ':700', ':950'],
    [
      'leaves out a range without a counterpart',
      { warning: '@10:20', critical: '~:' },
      'entries',
      undefined,
      undefined,
    ],
    ['ignores a mistyped range, and keeps the default', { warning: 'x', critical: '1e3' }, 'entries', ':800', ':900'],
    ['ignores a mistyped general range too', { warning: '70', entries_warning: 'x' }, 'entries', ':700', ':900'],
    ['sets nothing from it', { drop_warning: 'x' }, 'drop', undefined, undefined],
    ['one field, in its own unit', { drop_warning: '0', drop_critical: '10' }, 'drop', ':0', ':10'],
    [
      'one field, preferred to the general one',
      { warning: '70', entries_warning: '5:500' },
      'entries',
      '5:500',
      ':900',
    ],
    ['one field, without a counterpart', { entries_warning: '@5' }, 'entries', undefined, ':900'],
  ])('%s', (_, environment, field, warning, critical) => {
    const of = muninThresholds(environment, 1000);
    expect([of(field, 'warning'), of(field, 'critical')]).toEqual([warning, critical]);
  });

  test('has no percentages without a limit', () => {
    expect(muninThresholds({ warning: '70' }, 0)('entries', 'warning')).toBe(undefined);
    expect(muninThresholds({ entries_warning: '70' }, 0)('entries', 'warning')).toBe(':70');
  });
});
