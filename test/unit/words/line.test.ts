import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitOutput } from '../../../src/check/output.ts';
import { perfdataOf } from '../../../src/check/perfdata.ts';
import type { FaultKind, Reading } from '../../../src/model/fault.ts';
import type { History } from '../../../src/model/sample.ts';
import { attemptLines, tableDetails } from '../../../src/words/details.ts';
import { faultWords } from '../../../src/words/faults.ts';
import { statusLine, tableText } from '../../../src/words/line.ts';
import { foreign, foreignPath, percentWords, sizeWords } from '../../../src/words/words.ts';
import { evaluated } from '../support/checks.ts';
import { type Changes, counted, countedBefore515, fault, ok, QUIET, table } from '../support/observation.ts';
import { wanted } from '../support/reports.ts';

function textOf(changes: Changes, ...argv: readonly string[]): string {
  return tableText(evaluated(changes, argv));
}

function elementsOf(changes: Changes, ...argv: readonly string[]): readonly string[] {
  return perfdataOf(evaluated(changes, argv).results[0]);
}

function detailsOf(changes: Changes, ...argv: readonly string[]): readonly string[] {
  return tableDetails(evaluated(changes, argv), undefined);
}

describe('the text', () => {
  test.each<[string, Changes, readonly string[], string]>([
    ['all well', {}, [], '100 of 1000 entries (10.0%), 252.0 KiB slab if full'],
    [
      'an estimate is printed with about',
      { slabCache: fault('denied') },
      [],
      '100 of 1000 entries (10.0%), about 252.0 KiB slab if full',
    ],
    [
      'a given size is printed without about',
      {},
      ['--object-size', '350'],
      '100 of 1000 entries (10.0%), 341.8 KiB slab if full',
    ],
    [
      'another namespace',
      { isInitial: false },
      [],
      '100 of 1000 entries (10.0%) in this network namespace, 252.0 KiB slab if full',
    ],
    ['no limit', { limit: 0 }, [], '100 entries, no limit set'],
    ['size unknown', { slabCache: fault('denied'), release: fault('io') }, [], '100 of 1000 entries (10.0%)'],
    ['usage above a threshold is printed once', { entries: 900 }, [], '900 of 1000 entries (90.0%)'],
    ['full', { entries: 1000 }, [], 'table full: 1000 of 1000 entries (100.0%)'],
    ['above the limit', { entries: 1200 }, [], 'table full: 1200 of 1000 entries (120.0%)'],
    ['a lower bound', {}, ['-w', '20:'], 'usage 10% is below 20%; 100 of 1000 entries (10.0%)'],
    ['inside of a range', {}, ['-w', '@5:15'], 'usage 10% is inside @5:15; 100 of 1000 entries (10.0%)'],
    [
      'a counter',
      { statistics: counted({ drop: 11 }) },
      ['-c', 'drop=0'],
      'drop 11 is above 0; 100 of 1000 entries (10.0%)',
    ],
    [
      'bytes with a unit',
      {},
      ['-w', 'slab_max=1KiB'],
      'slab_max 252.0 KiB is above 1.0 KiB; 100 of 1000 entries (10.0%)',
    ],
    [
      'a ratio',
      { buckets: ok(300) },
      ['-w', 'load_factor=2'],
      'load_factor 3.333 is above 2; 100 of 1000 entries (10.0%)',
    ],
    [
      'an estimate in a finding is printed with about',
      { slabCache: fault('denied') },
      ['-w', 'slab_max=1KiB'],
      'slab_max about 252.0 KiB is above 1.0 KiB; 100 of 1000 entries (10.0%)',
    ],
    [
      'a share just below 100 % is not rounded up',
      { entries: 99_997, limit: 100_000 },
      ['-w', '1:50', '-c', '~:'],
      'usage 99.99% is above 50%; 99997 of 100000 entries (99.9%)',
    ],
    [
      'a threshold between two counts',
      {},
      ['-w', 'entries=99.5'],
      'entries 100 is above 99.5; 100 of 1000 entries (10.0%)',
    ],
    [
      'the worst first',
      { entries: 850, statistics: counted({ drop: 11 }) },
      ['-c', 'drop=0'],
      'drop 11 is above 0; 850 of 1000 entries (85.0%)',
    ],
    [
      'usage before findings of the same severity',
      { entries: 850, statistics: counted({ drop: 11 }) },
      ['-w', 'drop=0'],
      '850 of 1000 entries (85.0%); drop 11 is above 0',
    ],
    [
      'losses since boot, each packet once, if their time is unknown',
      { statistics: counted({ drop: 30, insert_failed: 25, chainlength: 5 }) },
      [],
      '100 of 1000 entries (10.0%), since boot: 10 dropped, 20 lost to clashes, 5 refused for long hash chains, 252.0 KiB slab if full',
    ],
    [
      'losses on a kernel that counts resolved clashes as failed insertions',
      { statistics: countedBefore515({ drop: 30, insert_failed: 25 }), release: ok({ major: 4, minor: 18 }) },
      [],
      '100 of 1000 entries (10.0%), since boot: 5 dropped, 25 dropped (table full, or a clash), 377.0 KiB slab if full',
    ],
    [
      'losses on a kernel that loses each clash without counting it as a drop',
      { statistics: countedBefore515({ drop: 30, insert_failed: 25 }), release: ok({ major: 3, minor: 10 }) },
      [],
      '100 of 1000 entries (10.0%), since boot: 30 dropped, 25 lost to clashes, at least 377.0 KiB slab if full',
    ],
    [
      'a metric that cannot be judged',
      { statistics: fault('denied') },
      ['-w', 'drop=0'],
      'no drop: cannot read /proc/x: permission denied; 100 of 1000 entries (10.0%)',
    ],
  ])('%s', (_, changes, argv, text) => expect(textOf({ statistics: counted(), ...changes }, ...argv)).toBe(text));

  test('a limit that fell back is named once', () => {
    const fallen = { configuration: wanted(4000), statistics: counted() };
    expect(textOf(fallen)).toBe('limit is 1000 but /etc/sysctl.conf sets 4000; 100 entries (10.0%)');
    expect(textOf(fallen, '--drift', 'ok')).toBe('100 of 1000 entries (10.0%), 252.0 KiB slab if full');
  });

  test('unreadable files that may set the limit', () => {
    const denied = fault('denied', '/etc/sysctl.conf').fault;
    const words = 'configured limit not judged: cannot read /etc/sysctl.conf: permission denied';
    const text = (count: number) =>
      textOf({ statistics: counted(), configuration: { ...wanted(4000), faults: Array(count).fill(denied) } });
    expect(text(1)).toBe(`100 of 1000 entries (10.0%), 252.0 KiB slab if full; ${words}`);
    expect(text(3)).toBe(`100 of 1000 entries (10.0%), 252.0 KiB slab if full; ${words} and 2 more`);
  });

  describe('events since the last sample', () => {
    const since = (entries: readonly number[], changes: Changes, ...argv: readonly string[]) => {
      const past = entries.map((count, at) => ({ uptime: 60 * at, entries: count, cpus: [QUIET] }));
      const now = { clock: ok({ boot: 'b', uptime: 60 * entries.length }), statistics: counted(), ...changes };
      return tableText(evaluated(now, argv, new Map([['own', ok({ past, window: 300 })]])));
    };
    const soon = ['-c', 'time_to_full=1h:'];

    test('the time until the table is full', () => {
      const text = since([100, 200, 300, 400], { entries: 500 }, ...soon);
      expect(text).toBe('full in 300 s at the current rate; 500 of 1000 entries (50.0%)');
    });

    test('a lowered limit, if the table is in trouble', () => {
      const past = [
        { uptime: 0, entries: 950, limit: 4000, cpus: [QUIET] },
        { uptime: 60, entries: 950, limit: 1000, cpus: [QUIET] },
      ];
      const histories = new Map([['own', ok({ past, window: 300 })]]);
      const now = { clock: ok({ boot: 'b', uptime: 100 }), statistics: counted() };
      const lowered = evaluated({ ...now, entries: 950 }, [], histories);
      expect(tableText(lowered)).toBe('950 of 1000 entries (95.0%), limit lowered from 4000 in the last 100 s');
      expect(tableDetails(lowered, histories.get('own'))).toContain(
        'limit lowered from 4000 to 1000 between 100 s and 40 s ago',
      );
      expect(tableText(evaluated(now, [], histories))).toBe('100 of 1000 entries (10.0%), 252.0 KiB slab if full');
    });

    test('no time is left', () => {
      const text = since([600, 700, 800, 900], { entries: 1000 }, ...soon, '-w', '~:', '-c', '~:');
      expect(text).toBe('full and growing; table full: 1000 of 1000 entries (100.0%)');
    });

    test('each loss is printed once, with or without a threshold', () => {
      const lost = { statistics: counted({ drop: 3, insert_failed: 1, early_drop: 9 }) };
      const figures = '2 packets dropped, 1 packet lost to clashes (such as NAT without a free port) in the last 60 s';
      expect(since([100], lost)).toBe(`100 of 1000 entries (10.0%), ${figures}, 252.0 KiB slab if full`);
      expect(since([100], lost, '-w', 'drop_rate=0')).toBe(`${figures}; 100 of 1000 entries (10.0%)`);
    });

    test('a counter that only root can read: the message names the sudo form', () => {
      const statistics = {
        ok: false,
        fault: { kind: 'tool-failed', source: 'conntrack -S', detail: 'exit status 1' },
      } as const;
      expect(tableText(evaluated({ statistics }, ['-c', 'drop=0'], new Map()))).toBe(
        'no drop: cannot run conntrack -S: exit status 1, it needs CAP_NET_ADMIN (use the sudo form of this command); 100 of 1000 entries (10.0%)',
      );
    });

    test.each([
      ['readable in the last sample', [QUIET]],
      ['unreadable in the last sample too', []],
    ])('an unreadable counter, %s', (_, cpus) => {
      const past = [{ uptime: 100, entries: 100, cpus }];
      const now = { clock: ok({ boot: 'b', uptime: 160 }), statistics: fault('denied') };
      const histories = new Map([['own', ok({ past, window: 300 })]]);
      expect(tableText(evaluated(now, ['-w', 'drop_rate=0'], histories))).toBe(
        'no drop_rate: cannot read /proc/x: permission denied; 100 of 1000 entries (10.0%)',
      );
    });
  });

  test('a value below 100 % is never rounded up to it', () => {
    expect(textOf({ entries: 999_999, limit: 1_000_000 })).toContain('(99.9%)');
    expect(percentWords(99.999)).toBe('99.9%');
    expect(percentWords(100)).toBe('100.0%');
  });

  test('the state comes first', () => expect(statusLine('critical', 'x')).toBe('CONNTRACK CRITICAL - x'));
});

describe('perfdata', () => {
  test('metrics that are always printed', () => {
    expect(elementsOf({})).toEqual([
      'usage=10%;80;90;0;100',
      'entries=100;800;900;0;1000',
      'slab=28672B;;;0',
      'slab_max=258048B;;;0',
      'drop=11c;;;0',
      'early_drop=22c;;;0',
      'insert_failed=33c;;;0',
      'chainlength=44c;;;0',
    ]);
  });

  test.each<[string, Changes, readonly string[], string]>([
    ['requested by a threshold', {}, ['-w', 'load_factor=25'], 'load_factor=2;25;;0'],
    ['a share has a max', {}, ['-c', 'memory_share=50%'], 'memory_share=26.2%;;50;0;100'],
    ['a range without a lower bound is a plain number', {}, ['-w', '~:70', '-c', '0:80'], 'usage=10%;70;80;0;100'],
    ['entries follow usage', {}, ['-w', '~:33.37', '-c', '70'], 'entries=100;333;700;0;1000'],
    ['entries do not follow a range', {}, ['-w', '20:70'], 'entries=100;;900;0;1000'],
    ['a range stays a range', {}, ['-w', '20:70', '-c', '@5:15'], 'usage=10%;20:70;@5:15;0;100'],
    ['a lower bound stays a lower bound', {}, ['-w', '5:'], 'usage=10%;5:;90;0;100'],
    ['thresholds on entries themselves', {}, ['-w', 'entries=500'], 'entries=100;500;;0;1000'],
    ['a switched-off level is empty', {}, ['-w', '~:'], 'usage=10%;;90;0;100'],
    ['bytes are integers', {}, ['-w', 'slab=1.5KiB'], 'slab=28672B;1536;;0'],
    ['two decimals', { entries: 367, limit: 1001 }, [], 'usage=36.66%;80;90;0;100'],
    ['no exponent', {}, ['-w', 'drop=0.0000001'], 'drop=11c;0.0000001;;0'],
    ['no limit, no max', { limit: 0 }, [], 'entries=100;;;0'],
  ])('%s', (_, changes, argv, element) => expect(elementsOf(changes, ...argv)).toContain(element));

  test('a metric without a value is left out', () => {
    const labels = elementsOf({ limit: 0, statistics: fault('denied') }).map((element) => element.split('=')[0]);
    expect(labels).toEqual(['entries', 'slab']);
  });

  test('the form of every element', () => {
    const argv = ['-w', 'load_factor=25', '-c', 'memory_share=@1:2', '-w', 'slab_max=~:'];
    for (const element of elementsOf({}, ...argv)) {
      expect(element).toMatch(/^[a-z0-9_]{1,19}=\d+(\.\d+)?(%|B|c)?;[@~:\d.-]*;[@~:\d.-]*;0(;\d+)?$/);
    }
  });
});

describe('long output', () => {
  test.each<[string, Changes, readonly string[], string]>([
    ['entries and their source', {}, [], 'entries: 100 (/proc/sys/net/netfilter/nf_conntrack_count)'],
    ['the limit and its source', {}, [], 'limit: 1000 (/proc/sys/net/netfilter/nf_conntrack_max)'],
    ['no limit', { limit: 0 }, [], 'limit: none (0) (/proc/sys/net/netfilter/nf_conntrack_max)'],
    ['buckets', {}, [], 'buckets: 500, load factor 2 (/proc/x)'],
    ['buckets without a limit', { limit: 0 }, [], 'buckets: 500 (/proc/x)'],
    ['memory now', {}, [], 'memory now: 28.0 KiB = objects 28.0 KiB + extensions 0 B'],
    [
      'extensions separately',
      { extensions: { ...table().extensions, acct: ok(1) } },
      [],
      'memory now: 40.5 KiB = objects 28.0 KiB + extensions 12.5 KiB',
    ],
    ['no buckets', { buckets: fault('missing', '/proc/b') }, [], 'no buckets: cannot read /proc/b: no such file'],
    [
      'page size assumed',
      { pageSize: fault('missing', '/proc/p') },
      [],
      'page size of 4 KiB assumed: cannot read /proc/p: no such file',
    ],
    [
      'release unknown',
      { release: fault('malformed', '/proc/r') },
      [],
      'kernel release unknown: cannot use /proc/r: not in a known format',
    ],
    ['RAM not known', { memTotal: fault('io', '/proc/meminfo') }, [], 'size of RAM unknown: cannot read /proc/meminfo'],
    [
      'too few buckets',
      { buckets: ok(30) },
      [],
      'buckets: 30, load factor 33.333 (/proc/x): too few, this kernel refuses entries in long chains below the limit',
    ],
    ['counters', {}, [], 'counters: since boot, 2 possible CPUs (/proc/net/stat/nf_conntrack)'],
    ['thresholds', {}, ['-c', 'drop=5', '-w', '@1:2'], 'thresholds: usage warning @1:2 critical 90, drop critical 5'],
    ['the object', {}, [], 'object size: 256 B, 16 in 4096 B of slab (/proc/slabinfo), extension 0 B'],
    [
      'an estimated object',
      { slabCache: fault('denied') },
      [],
      'object size: about 256 B, 16 in 4096 B of slab (usual for this release, /proc/sys/kernel/osrelease), extension 0 B',
    ],
    ['a given object', {}, ['--object-size', '350'], 'object size: 350 B all-in (--object-size)'],
    [
      'memory at the limit',
      {},
      [],
      'memory at the limit, never swapped: 252.0 KiB = objects 252.0 KiB + extensions 0 B',
    ],
    ['the product, for comparison by hand', {}, [], 'object size x limit: 256 x 1000 = 256000 B'],
    ['the hash table', {}, [], 'hash table: 3.9 KiB, in addition to the slab'],
    ['the share of RAM', {}, [], 'slab if full and hash table: 26.2% of RAM (/proc/x)'],
    ['not judged', { limit: 0 }, [], 'not judged: usage: no limit is set'],
    [
      'root can read it',
      { slabCache: fault('denied', '/proc/slabinfo') },
      [],
      'object size estimated: cannot read /proc/slabinfo: permission denied (root can)',
    ],
    [
      'root can run it',
      { statistics: fault('tool-failed', 'conntrack -S') },
      [],
      'no counters: cannot run conntrack -S: , it needs CAP_NET_ADMIN (root can)',
    ],
    [
      'the module to load',
      { statistics: fault('would-load-module', 'conntrack -S', 'nf_conntrack_netlink') },
      [],
      'no counters: did not run conntrack -S: it would load nf_conntrack_netlink (modprobe nf_conntrack_netlink once)',
    ],
  ])('%s', (_, changes, argv, line) => expect(detailsOf(changes, ...argv)).toContain(line));

  test.each<[string, Changes, readonly string[], RegExp]>([
    ['metrics that cannot be judged, without a threshold', { limit: 0 }, [], /memory_share|load_factor/],
    ['"not judged", if all was judged', {}, ['-w', 'load_factor=25'], /not judged/],
    ['buckets not read', { buckets: fault('denied') }, [], /^buckets|hash table/],
    ['counters not read', { statistics: fault('denied') }, [], /^counters/],
    ['object size unknown', { slabCache: fault('io'), release: fault('io') }, [], /^object size:|^memory|RAM/],
    ['no limit', { limit: 0 }, [], /at the limit|x limit|RAM/],
    ['RAM not known', { memTotal: fault('denied') }, [], /% of RAM/],
    ['faults, if all was read', {}, [], /cannot|not known|root can/],
    ['"about", without an estimate', {}, [], /about/],
    ['the hint at root, if it would not help', { slabCache: fault('missing') }, [], /root can|modprobe/],
  ])('left out: %s', (_, changes, argv, words) => {
    expect(detailsOf(changes, ...argv).filter((line) => words.test(line))).toEqual([]);
  });

  test('all lines, in order', () => {
    const details = detailsOf({});
    expect(details.map((line) => line.slice(0, line.indexOf(':')))).toEqual([
      'entries',
      'limit',
      'buckets',
      'counters',
      'thresholds',
      'object size',
      'memory now',
      'memory at the limit, never swapped',
      'object size x limit',
      'hash table',
      'slab if full and hash table',
    ]);
  });

  test('without an object size, no line on memory', () => {
    const details = detailsOf({ slabCache: fault('io'), release: fault('io') });
    expect(details.slice(4).map((line) => line.slice(0, line.indexOf(':')))).toEqual([
      'thresholds',
      'object size estimated',
      'kernel release unknown',
    ]);
  });

  describe('with a history', () => {
    const SOURCE = '/state/x.json';
    const clock = ok({ boot: 'b', uptime: 160 });
    const lines = (history: Reading<History>, changes: Changes = {}) => {
      const evaluation = evaluated({ clock, statistics: counted(), ...changes }, [], new Map([['own', history]]));
      return tableDetails(evaluation, history).filter((line) => /^(?:no )?(?:history|rates|growth)/.test(line));
    };
    const remembered = (uptimes: readonly number[]) =>
      ok({ past: uptimes.map((uptime) => ({ uptime, entries: 100, cpus: [QUIET] })), window: 300 }, SOURCE);

    test('rates, with their span and how many samples', () => {
      expect(lines(remembered([100]))).toEqual([
        `rates: over 60 s, 2 samples (${SOURCE})`,
        'no growth: too few samples in the window yet',
      ]);
      expect(lines(remembered([100, 110, 120, 130]))).toEqual([`rates: over 60 s, 5 samples (${SOURCE})`]);
    });

    test('the reason for missing rates', () => {
      expect(lines(fault('foreign', SOURCE))).toEqual([`no history: cannot use ${SOURCE}: it belongs to another user`]);
      expect(lines(ok({ past: 'first run since boot', window: 300 }, SOURCE))).toEqual([
        `no rates yet: first run since boot (${SOURCE})`,
      ]);
      const uncounted = ok({ past: [{ uptime: 100, entries: 1, cpus: [] }], window: 300 }, SOURCE);
      expect(lines(uncounted, { statistics: fault('denied') })).toEqual([`no rates yet: no counters (${SOURCE})`]);
    });

    test('no lines without a state directory', () => {
      expect(detailsOf({}).filter((line) => /history|rates/.test(line))).toEqual([]);
    });
  });

  test('each line based on an estimate is printed with about', () => {
    const lines = detailsOf({ slabCache: fault('denied') }).filter((line) => line.includes('about '));
    expect(lines.map((line) => line.slice(0, line.indexOf(':')))).toEqual([
      'object size',
      'memory now',
      'memory at the limit, never swapped',
      'slab if full and hash table',
    ]);
  });

  test('an unreadable switch counts at its default, a missing one as off', () => {
    const { acct, timestamp } = table().extensions;
    const extensions = { acct, timestamp, events: fault('denied', '/proc/e'), listener: fault('missing', '/proc/l') };
    const lines = detailsOf({ extensions }).filter((line) => line.startsWith('default extension assumed'));
    expect(lines).toEqual(['default extension assumed: cannot read /proc/e: permission denied (root can)']);
  });

  test('requested files, and the time each took', () => {
    const attempts = [
      { source: '/proc/a', bytes: 5, milliseconds: 0.25 },
      { source: '/proc/b', bytes: 0, milliseconds: 1, fault: fault('denied', '/proc/b').fault },
    ];
    expect(attemptLines(attempts, false)).toEqual(['read /proc/a: 5 bytes', 'cannot read /proc/b: permission denied']);
    expect(attemptLines(attempts, true)[0]).toBe('read /proc/a: 5 bytes, 0.250 ms');
  });
});

describe('faults as text', () => {
  test.each<[FaultKind, string, string]>([
    ['missing', '', 'cannot read /proc/x: no such file'],
    ['denied', '', 'cannot read /proc/x: permission denied'],
    ['not-regular', '', 'cannot read /proc/x: not a regular file'],
    ['not-directory', '', 'cannot read /proc/x: not a directory'],
    ['outside-root', '', 'cannot read /proc/x: a symbolic link leads out of the root'],
    ['too-large', '4096', 'cannot read /proc/x: larger than 4096 bytes'],
    ['io', 'EIO', 'cannot read /proc/x: EIO'],
    ['timeout', '', 'timeout before reading /proc/x'],
    ['empty', '', 'cannot use /proc/x: empty'],
    ['not-a-number', '37', 'cannot use /proc/x: not a number, 37 bytes'],
    ['negative', '', 'cannot use /proc/x: negative'],
    ['zero', '', 'cannot use /proc/x: zero'],
    ['absurd', '', 'cannot use /proc/x: above 2147483648'],
    ['malformed', '', 'cannot use /proc/x: not in a known format'],
    ['tool-missing', '', 'cannot run /proc/x: not installed'],
    ['tool-failed', 'status 1', 'cannot run /proc/x: status 1, it needs CAP_NET_ADMIN'],
    ['enter-failed', 'EPERM', 'cannot enter /proc/x: EPERM'],
    ['would-load-module', 'nf_conntrack_netlink', 'did not run /proc/x: it would load nf_conntrack_netlink'],
    ['not-asked', '', 'did not read /proc/x: not requested'],
    ['not-written', 'EROFS', 'cannot write /proc/x: EROFS'],
    ['foreign', '', 'cannot use /proc/x: it belongs to another user'],
    ['others-write', '', 'cannot use /proc/x: other users may write to it'],
    ['symlink', '', 'cannot use /proc/x: a symbolic link'],
    ['timeout', 'after 3 s', 'timeout after 3 s reading /proc/x'],
    ['other-namespace', '', "cannot read /proc/x: it would show this namespace, not the host's"],
  ])('%s', (kind, detail, words) => expect(faultWords({ kind, source: '/proc/x', detail })).toBe(words));

  test('without a detail', () => {
    expect(faultWords({ kind: 'io', source: '/proc/x' })).toBe('cannot read /proc/x');
    expect(faultWords({ kind: 'timeout', source: '/proc/x' })).toBe('timeout before reading /proc/x');
  });
});

describe('untrusted text', () => {
  test.each([
    ['a|b', 'a?b'],
    ['a\nb\r\u001b[0m', 'a?b???0m'],
    ['é', '?'],
    ['👍', '?'],
    ['A-z 0_9.:/@+,()=%~-', 'A-z 0_9.:/@+,()=%~-'],
    ['`$;<>&"\'\\[]{}*!#^', '?'.repeat(17)],
    ['x'.repeat(64), 'x'.repeat(64)],
    ['x'.repeat(65), `${'x'.repeat(61)}...`],
  ])('%j', (text, expected) => expect(foreign(text)).toBe(expected));

  test('a path keeps our own part, and 64 bytes of the given root', () => {
    const ours = '/proc/sys/net/netfilter/nf_conntrack_count';
    expect(foreignPath(ours)).toBe(ours);
    expect(foreignPath(`/${'r'.repeat(63)}${ours}`)).toBe(`/${'r'.repeat(63)}${ours}`);
    expect(foreignPath(`/${'r'.repeat(64)}${ours}`)).toBe(`...${'r'.repeat(61)}${ours}`);
    expect(foreignPath(`/a|b/proc/x${ours}`)).toBe(`/a?b/proc/x${ours}`);
    expect(foreignPath('x'.repeat(70))).toBe(`...${'x'.repeat(61)}`);
  });
});

test.each([
  [0, '0 B'],
  [1, '1 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [20652032, '19.7 MiB'],
  [2 ** 30, '1.0 GiB'],
  [5 * 2 ** 40, '5.0 TiB'],
  [2 ** 62, '4096.0 PiB'],
])('%d bytes are %s', (bytes, words) => expect(sizeWords(bytes)).toBe(words));

describe('the output fits its limits', () => {
  test('line 1 with its perfdata, then the details', () => {
    expect(fitOutput('text', ['a=1', 'b=2'], ['one', 'two'])).toBe('text | a=1 b=2\none\ntwo\n');
    expect(fitOutput('text', [], [])).toBe('text\n');
  });

  test('perfdata is cut before the text', () => {
    const output = fitOutput('t'.repeat(1000), ['a=1', 'b=22222222222222222', 'c=3'], []);
    expect(output).toBe(`${'t'.repeat(1000)} | a=1\n`);
  });

  test('a cut is shown', () => {
    expect(fitOutput('t'.repeat(2000), ['a=1'], [])).toBe(`${'t'.repeat(1020)}...\n`);
    const lines = fitOutput(
      'text',
      [],
      Array.from({ length: 100 }, () => 'd'.repeat(99)),
    ).split('\n');
    expect(lines.slice(-3)).toEqual(['d'.repeat(99), '...', '']);
  });

  test('for any text', () => {
    const anything = fc.string({ unit: 'binary', maxLength: 3000 });
    fc.assert(
      fc.property(
        anything,
        fc.array(fc.stringMatching(/^[a-z]{1,9}=\d{1,400}$/)),
        fc.array(anything),
        (text, data, details) => {
          const output = fitOutput(text, data, details);
          const [first = '', ...rest] = output.split('\n');
          expect(first.length).toBeLessThanOrEqual(1023);
          expect(output.length).toBeLessThanOrEqual(4096);
          expect(output).toMatch(/^[\n\x20-\x7e]*\n$/);
          expect(first.split('|').length).toBeLessThanOrEqual(2);
          expect(rest.join('')).not.toContain('|');
        },
      ),
    );
  });
});
