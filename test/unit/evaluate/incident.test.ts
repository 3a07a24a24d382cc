import { describe, expect, test } from 'vitest';
import { parseSysctlFile } from '../../../src/kernel/sysctl-file.ts';
import { verdictText } from '../../../src/present/report.ts';
import { fault, ok } from '../support/facts.ts';
import { type Scene, scene } from '../support/looks.ts';

const ZERO = { drop: 0, early_drop: 0, insert_failed: 0, chainlength: 0 };
const long = (ago: number) => ok({ lines: 3, first: 'a', last: 'b', ago, namespaces: [7] }, '/dev/kmsg');
const WANTED = {
  configuration: {
    sysctl: parseSysctlFile('net.netfilter.nf_conntrack_max = 4000\n', '/etc/sysctl.conf', true),
    hashsizes: [],
    reapplied: false,
    faults: [],
  },
};

describe('the verdict', () => {
  test.each<[Scene, string, string]>([
    [{}, 'ok', 'not conntrack: 0.0% used, nothing dropped since boot'],
    [{ entries: [30, 30] }, 'ok', 'not conntrack: 3.0% used, nothing dropped since boot'],
    [
      {
        counters: [
          { ...ZERO, drop: 9000 },
          { ...ZERO, drop: 9000 },
        ],
      },
      'ok',
      'not conntrack: 0.0% used, 9,000 dropped since boot, nothing now',
    ],
    [{ counters: 'none' }, 'ok', '0.0% used, drops cannot be seen'],
    [{ entries: [800, 800] }, 'ok', 'not conntrack: 80.0% used, nothing dropped since boot'],
    [{ entries: [801, 801] }, 'warning', 'the table of the host is 80.1% full, not growing, nothing dropped now'],
    [
      { entries: [901, 911], seconds: 2 },
      'critical',
      'the table of the host is 91.1% full, growing by 5/s, full in 18 s at this rate, nothing dropped now',
    ],
    [{ entries: [1000, 1000] }, 'critical', 'the table of the host is full: 1,000 of 1,000, nothing dropped now'],
    [
      { entries: [1000, 1000], counters: [ZERO, { ...ZERO, early_drop: 3000 }], seconds: 2 },
      'critical',
      'the table of the host is full: 1,000 of 1,000, nothing dropped now, 1,500 entries/s evicted to make room',
    ],
    [
      { entries: [1000, 1000], counters: [ZERO, { ...ZERO, drop: 2360 }], seconds: 2 },
      'critical',
      'the table of the host is full and losing 1,180 packets/s',
    ],
    [
      { entries: [990, 700], counters: [ZERO, { ...ZERO, drop: 1 }], seconds: 10 },
      'critical',
      'the table of the host is 70.0% full and losing 1 packets/s',
    ],
    [
      { entries: [100, 100], counters: [ZERO, { ...ZERO, chainlength: 50, insert_failed: 50 }] },
      'critical',
      'the table of the host is 10.0% full and refuses 50 packets/s because its hash chains are too long',
    ],
    [
      { other: { entries: [1000, 1000], counters: [ZERO, { ...ZERO, drop: 5 }] } },
      'critical',
      'the table of namespace of envoy (pid 4711) is full and losing 5 packets/s',
    ],
    [
      { entries: [950, 950], other: { entries: [960, 960] } },
      'critical',
      'the table of namespace of envoy (pid 4711) is 96.0% full, not growing, nothing dropped now, and 1 more in trouble',
    ],
    [
      { entries: [500, 505] },
      'warning',
      'the table of the host is 50.5% full, growing by 5/s, full in 99 s at this rate, nothing dropped now',
    ],
    [{ entries: [400, 490] }, 'ok', 'not conntrack: 49.0% used, nothing dropped since boot'],
    [{ entries: [599, 600] }, 'ok', 'not conntrack: 60.0% used, nothing dropped since boot'],
    [
      { log: long(120) },
      'warning',
      'the table of net:[7] was full 120 s ago; now 0.0% used, nothing dropped since boot',
    ],
    [{ log: long(901) }, 'ok', 'not conntrack: 0.0% used, nothing dropped since boot'],
    [{ log: fault('denied', '/dev/kmsg') }, 'ok', 'not conntrack: 0.0% used, nothing dropped since boot'],
    [
      { surroundings: WANTED },
      'warning',
      'limit is 1000 but /etc/sysctl.conf sets 4000; 0.0% used, nothing dropped since boot',
    ],
    [
      { unread: true },
      'unknown',
      'not every table could be read; of those that were, 0.0% used, nothing dropped since boot',
    ],
    [
      { unread: true, entries: [1000, 1000] },
      'critical',
      'the table of the host is full: 1,000 of 1,000, nothing dropped now',
    ],
    [
      { facts: { max: 0 }, entries: [5000, 5000] },
      'ok',
      'not conntrack: 5,000 entries used, nothing dropped since boot',
    ],
    [
      { facts: { initialNamespace: false }, entries: [1000, 1000] },
      'critical',
      'the table of this network namespace is full: 1,000 of 1,000, nothing dropped now',
    ],
  ])('%j', (given, state, text) => {
    const found = scene(given);
    expect([found.incident.state, verdictText(found)]).toEqual([state, text]);
  });

  test('looked at once, as a captured tree is: no word of now', () => {
    const captured = { facts: { view: 'captured' as const }, entries: [1000] as const };
    const drops = [{ ...ZERO, drop: 77 }] as const;
    expect(verdictText(scene({ ...captured, counters: drops }))).toBe(
      'the table of this tree is full: 1,000 of 1,000, 77 dropped since boot',
    );
    expect(verdictText(scene({ ...captured, counters: 'none' }))).toBe(
      'the table of this tree is full: 1,000 of 1,000, drops cannot be seen',
    );
    expect(verdictText(scene({ ...captured, entries: [850], counters: drops }))).toBe(
      'the table of this tree is 85.0% full, 77 dropped since boot',
    );
    expect(verdictText(scene({ ...captured, entries: [850] }))).toBe(
      'the table of this tree is 85.0% full, nothing dropped since boot',
    );
  });

  test('looked at once, and something was lost before: that is no acquittal', () => {
    const captured = { facts: { view: 'captured' as const }, entries: [30] as const };
    const lost = [{ ...ZERO, drop: 5, chainlength: 7 }] as const;
    expect(verdictText(scene({ ...captured, counters: lost }))).toBe(
      '3.0% used, 5 dropped, 7 refused for long chains since boot, one look cannot tell whether now',
    );
    expect(verdictText(scene(captured))).toBe('not conntrack: 3.0% used, nothing dropped since boot');
  });

  test('counters that wrap', () => {
    const wrap = scene({
      entries: [1000, 1000],
      counters: [
        { ...ZERO, drop: 2 ** 32 - 10 },
        { ...ZERO, drop: 10 },
      ],
    });
    expect(verdictText(wrap)).toBe('the table of the host is full and losing 20 packets/s');
  });
});
