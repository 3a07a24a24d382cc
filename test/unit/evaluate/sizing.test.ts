// Which limit is recommended, and which buckets go with it.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { objectCostOf } from '../../../src/evaluate/footprint.ts';
import { planFor } from '../../../src/evaluate/sizing.ts';
import { parseSysctlFile } from '../../../src/kernel/settings/sysctl-file.ts';
import { planText } from '../../../src/plan/plan-text.ts';
import {
  type Changes,
  counted,
  EVIDENCE,
  fault,
  GIB,
  NOTHING_CONFIGURED,
  observation,
  ok,
  table,
} from '../support/observation.ts';
import { wanted } from '../support/reports.ts';

const LARGE: Changes = {
  statistics: counted(),
  memTotal: ok(64 * GIB),
  buckets: ok(16384),
  limit: 65536,
  configuration: NOTHING_CONFIGURED,
  evidence: EVIDENCE,
};

function planned(changes: Changes, asked?: number) {
  const found = observation({ ...LARGE, ...changes });
  const [own] = found.tables;
  const plan = planFor(found, own, objectCostOf(found.machine, own, undefined), asked);
  if (!plan.ok) throw new Error(plan.fault.kind);
  return { ...plan.value, text: planText(found, plan.value).join('\n') };
}

const ACCOUNTED = { ...table().extensions, acct: ok(1) };

describe('the recommended limit', () => {
  test.each<[string, Changes, number, string]>([
    ['enough', { entries: 16384 }, 65536, 'enough'],
    ['one entry more', { entries: 16385 }, 67584, 'filling'],
    ['a full table, which a flood may have filled', { entries: 65536 }, 131072, 'filling'],
    [
      'it was met since boot, which a flood may have done',
      { entries: 10, statistics: counted({ drop: 1 }) },
      65536,
      'enough',
    ],
    ['no counters', { entries: 10, statistics: fault('missing') }, 65536, 'enough'],
    // An eighth of 256 MiB in objects of 256 bytes.
    ['little memory', { entries: 65536, memTotal: ok(GIB / 5) }, 104448, 'memory'],
    [
      'little memory, and the present limit is enough for what is in use',
      { entries: 50_000, memTotal: ok(GIB / 16) },
      65536,
      'memory',
    ],
    ['so little that what is in use is too much already', { entries: 65536, memTotal: ok(GIB / 16) }, 81920, 'in_use'],
    [
      'no limit, and so much in use that there is no memory for more',
      { entries: 2_000_000, limit: 0, memTotal: ok(GIB) },
      2500608,
      'in_use',
    ],
    ['next to no memory', { entries: 0, limit: 65536, memTotal: ok(1024) }, 2048, 'too_large'],
    ['more than an int can be', { entries: 6e8, limit: 1.2e9, memTotal: fault('missing') }, 2 ** 31 - 1, 'filling'],
    ['an absurd limit', { entries: 10, limit: 2 ** 30 }, 2 ** 25, 'too_large'],
    ['memory unknown', { entries: 65536, memTotal: fault('missing') }, 131072, 'filling'],
    ['no limit, and a quiet moment', { entries: 10, limit: 0, memTotal: ok(2 * GIB) }, 65536, 'no_limit'],
    ['no limit, and a large machine', { entries: 10, limit: 0 }, 262144, 'no_limit'],
    ['no limit, and more in use than the default has room for', { entries: 140_000, limit: 0 }, 280576, 'filling'],
    ['no limit, and little memory', { entries: 10, limit: 0, memTotal: ok(GIB / 32) }, 16384, 'no_limit'],
    ['nothing at all', { entries: 0, limit: 0 }, 262144, 'no_limit'],
    [
      'no limit, and a machine that is just not large',
      { entries: 10, limit: 0, memTotal: ok(4 * GIB) },
      65536,
      'no_limit',
    ],
    ['no limit, and next to no memory', { entries: 0, limit: 0, memTotal: ok(1024) }, 0, 'enough'],
    ['as much as memory is for, and not more', { entries: 10, memTotal: ok(GIB / 8) }, 65536, 'enough'],
    [
      'as much as is needed is what memory is for',
      { entries: 16384, limit: 131_072, memTotal: ok(GIB / 8) },
      65536,
      'too_large',
    ],
    [
      'an entry costs its extension too',
      { entries: 40_000, memTotal: ok(GIB / 4), extensions: ACCOUNTED },
      86016,
      'memory',
    ],
  ])('%s', (_, changes, limit, reason) => expect(planned(changes)).toMatchObject({ limit, reason }));
});

describe('one entry, or one page of memory, more', () => {
  const STEP = 2048;
  const load = fc.record({
    entries: fc.nat(3_000_000),
    limit: fc.oneof(fc.integer({ min: 1000, max: 4_000_000 }), fc.integer({ min: 1000, max: 2 ** 31 - 1 })),
    pages: fc.integer({ min: 8192, max: 2 ** 24 }),
    wants: fc.option(fc.integer({ min: 1, max: 2_000_000 }), { nil: undefined }),
  });
  const limitFor = (entries: number, limit: number, pages: number, wants: number | undefined) => {
    const configuration = wants === undefined ? NOTHING_CONFIGURED : wanted(wants);
    return planned({ entries, limit, memTotal: ok(4096 * pages), configuration }).limit;
  };

  test('never lowers what is recommended, and raises it by no more than a page of buckets', () => {
    fc.assert(
      fc.property(load, ({ entries, limit, pages, wants }) => {
        const before = limitFor(entries, limit, pages, wants);
        expect(before).toBeGreaterThan(entries);
        for (const after of [
          limitFor(entries + 1, limit, pages, wants),
          limitFor(entries, limit + 1, pages, wants),
          limitFor(entries, limit, pages + 1, wants),
        ]) {
          expect(after).toBeGreaterThanOrEqual(before);
          expect(after - before).toBeLessThanOrEqual(STEP);
        }
      }),
      { numRuns: 1000, seed: 1 },
    );
  });
});

describe('a live limit below the configured one', () => {
  const sysctl = parseSysctlFile('net.netfilter.nf_conntrack_max = 1000000\n', '/etc/sysctl.conf', true);
  const configuration = { ...NOTHING_CONFIGURED, sysctl };

  test.each<[string, number, number, string]>([
    ['what is configured is recommended', 30_000, 1_000_000, 'configured'],
    ['as much as the load asks for', 250_000, 1_000_000, 'configured'],
    ['but not where the load asks for more', 600_000, 1_200_128, 'filling'],
  ])('%s', (_, entries, limit, reason) => {
    expect(planned({ entries, configuration })).toMatchObject({ limit, reason });
  });

  test('the file is not to be changed', () => {
    const { text } = planned({ entries: 30_000, configuration });
    expect(text.replace(/\s+/g, ' ')).toContain(
      'Recommended: the limit that /etc/sysctl.conf sets. The live limit is below it',
    );
    expect(text).not.toContain('change it there');
  });
});

describe('buckets', () => {
  const old = { release: ok({ major: 2, minor: 6 }) };

  test.each<[string, Changes, number, number, number]>([
    ['a quarter', {}, 262144, 65536, 524288],
    ['an eighth before 4.0', old, 262144, 32768, 262144],
    ['an eighth on ip_conntrack', { ...old, generation: 'ip_conntrack', buckets: ok(8192) }, 262144, 32768, 262144],
    ['an eighth on ip_conntrack, whatever the release', { generation: 'ip_conntrack' }, 262144, 32768, 262144],
    ['rounded up to a page of pointers', old, 1_000_000, 125_440, 1_003_520],
    ['no more than a kernel takes', {}, 2 ** 31 - 1, 268_434_944, 2_147_479_552],
    ['never fewer than there are', { buckets: ok(262144) }, 262144, 262144, 2097152],
    ['where they are not known', { buckets: fault('missing') }, 262144, 65536, 524288],
  ])('%s', (_, changes, asked, buckets, limitAtLoad) => {
    expect(planned(changes, asked)).toMatchObject({ buckets, limitAtLoad });
  });

  test('expect_max comes with them when the module is loaded, and not before', () => {
    const { expectMax, text } = planned(old, 262144);
    expect(expectMax).toEqual({ now: 256, atLoad: 512 });
    expect(text).toMatch(/nf_conntrack_expect_max stays 256 until the module is loaded with this\s+hashsize: 512 then/);
    expect(planned({ ...old, expectMax: fault('missing') }, 262144).text).not.toContain('expect_max');
  });
});

describe('the cost', () => {
  test('beyond the current memory: the slab, and the new buckets', () => {
    const full = (262_144 / 16) * 4096;
    const extraBytes = full - 7 * 4096 + (65_536 - 16_384) * 8;
    const share = (100 * (full + 65_536 * 8)) / (64 * GIB);
    expect(planned({}, 262_144)).toMatchObject({ extraBytes, share, fits: true, hashTable: 65_536 * 8 });
    expect(planned({ available: ok({ bytes: extraBytes, exact: true }) }, 262_144).fits).toBe(true);
    expect(planned({ available: ok({ bytes: extraBytes - 1, exact: true }) }, 262_144).fits).toBe(false);
  });

  test('nothing is saved by fewer buckets: they stay', () => {
    expect(planned({ buckets: ok(262_144) }, 65_536).extraBytes).toBe((65_536 / 16 - 7) * 4096);
  });

  test('the configured limit is shown if it is known', () => {
    expect(planned({ configuration: undefined }, 65_536).configured).toBeUndefined();
    expect(planned({ configuration: wanted(5) }, 65_536).configured).toMatchObject({ limit: 5 });
  });
});

describe('the memory that it needs', () => {
  test.each([
    [{ bytes: 2 ** 30, exact: true }, 'It fits: 14.2 MiB more than now, with 1.0 GiB available.'],
    [{ bytes: 2 ** 20, exact: true }, 'It does NOT fit: 14.2 MiB more than now, with 1.0 MiB available.'],
    [{ bytes: 2 ** 30, exact: false }, 'It fits: 14.2 MiB more than now, with about 1.0 GiB available.'],
  ])('%o', (available, words) => {
    const { text } = planned({ entries: 10_000, available: ok(available) }, 65536);
    expect(text.replace(/\s+/g, ' ')).toContain(words.replace('14.2', '13.6'));
  });

  test('no more than now', () => {
    const { text } = planned({ entries: 10_000, available: ok({ bytes: 2 ** 30, exact: true }) }, 9000);
    expect(text.replace(/\s+/g, ' ')).toContain('It fits: no more memory than now, with 1.0 GiB available.');
  });

  test('not known', () => {
    expect(planned({ available: fault('denied') }, 65536).text).toContain('Unknown whether it fits');
  });
});

describe('the commands that set it', () => {
  test('a limit at or below what is in use has an obstacle', () => {
    expect(planned({ entries: 1000 }, 1000).obstacle).toBe('in use');
    expect(planned({ entries: 1000 }, 1001).obstacle).toBeUndefined();
    expect(planned({ entries: 1000, available: ok({ bytes: 1, exact: true }) }, 100_000).obstacle).toBe('memory');
  });

  test('a file that sets it already is the one to change', () => {
    const sysctl = parseSysctlFile('net.nf_conntrack_max = 5\n', '/etc/sysctl.d/00-first.conf', true);
    const configuration = { ...NOTHING_CONFIGURED, sysctl };
    const { text } = planned({ configuration }, 262144);
    expect(text).toContain(
      '  /etc/sysctl.d/00-first.conf, in place of net.nf_conntrack_max = 5\n      net.netfilter.nf_conntrack_max = 262144\n',
    );
  });

  test('built in, modprobe has no say', () => {
    const { text } = planned({ evidence: { ...EVIDENCE, builtIn: true } }, 262144);
    expect(text).toContain('  the kernel command line\n      nf_conntrack.hashsize=65536\n');
    expect(text).not.toContain('/etc/modprobe.d');
  });

  test('no line is wider than 80 columns', () => {
    const { text } = planned({ entries: 2 ** 30, limit: 2 ** 31 - 1 }, 2 ** 31 - 1);
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});
