// Which limit is recommended, and which buckets go with it.

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
    ['one entry more', { entries: 16385 }, 131072, 'filling'],
    ['a full table', { entries: 65536 }, 262144, 'filling'],
    [
      'it was met, and packets were dropped',
      { entries: 10, statistics: ok({ cpus: [{ drop: 1 }] }) },
      131072,
      'was_full',
    ],
    [
      'it was met, and entries evicted',
      { entries: 10, statistics: ok({ cpus: [{ early_drop: 1 }] }) },
      131072,
      'was_full',
    ],
    [
      'the load asks for more than a limit that was met',
      { entries: 50_000, statistics: ok({ cpus: [{ drop: 1 }] }) },
      262144,
      'filling',
    ],
    ['no counters', { entries: 10, statistics: fault('missing') }, 65536, 'enough'],
    // An eighth of 256 MiB in objects of 256 bytes.
    ['little memory', { entries: 65536, memTotal: ok(GIB / 4) }, 131072, 'memory'],
    [
      'little memory, and the present limit is enough for what is in use',
      { entries: 50_000, memTotal: ok(GIB / 16) },
      65536,
      'memory',
    ],
    ['so little that what is in use is too much already', { entries: 65536, memTotal: ok(GIB / 16) }, 131072, 'in_use'],
    [
      'no limit, and so much in use that there is no memory for more',
      { entries: 2_000_000, limit: 0, memTotal: ok(GIB) },
      4194304,
      'in_use',
    ],
    ['next to no memory', { entries: 0, limit: 65536, memTotal: ok(1024) }, 65536, 'enough'],
    [
      'a limit that was raised is not met by what was lost before',
      { entries: 10, limit: 524_288, statistics: ok({ cpus: [{ drop: 1 }] }) },
      524_288,
      'enough',
    ],
    [
      'more than a power of two can be',
      { entries: 6e8, limit: 1.2e9, memTotal: fault('missing') },
      2 ** 31 - 1,
      'filling',
    ],
    ['an absurd limit', { entries: 10, limit: 2 ** 30 }, 2 ** 25, 'too_large'],
    ['memory unknown', { entries: 65536, memTotal: fault('missing') }, 262144, 'filling'],
    ['no limit, and a quiet moment', { entries: 10, limit: 0, memTotal: ok(2 * GIB) }, 65536, 'no_limit'],
    ['no limit, and a large machine', { entries: 10, limit: 0 }, 262144, 'no_limit'],
    ['no limit, and more in use than the default has room for', { entries: 70_000, limit: 0 }, 524288, 'filling'],
    ['no limit, and little memory', { entries: 10, limit: 0, memTotal: ok(GIB / 32) }, 16384, 'no_limit'],
    ['nothing at all', { entries: 0, limit: 0 }, 262144, 'no_limit'],
    [
      'no limit, and a machine that is just not large',
      { entries: 10, limit: 0, memTotal: ok(4 * GIB) },
      65536,
      'no_limit',
    ],
    ['no limit, and next to no memory', { entries: 0, limit: 0, memTotal: ok(1024) }, 0, 'enough'],
    [
      'the default of a large machine was met',
      { entries: 10, limit: 262_144, statistics: counted({ drop: 1 }) },
      524_288,
      'was_full',
    ],
    ['as much as memory is for, and not more', { entries: 10, memTotal: ok(GIB / 8) }, 65536, 'enough'],
    [
      'as much as is needed is what memory is for',
      { entries: 16384, limit: 131_072, memTotal: ok(GIB / 8) },
      65536,
      'too_large',
    ],
    [
      'an entry costs its extension too',
      { entries: 40_000, memTotal: ok(GIB / 8), extensions: ACCOUNTED },
      65536,
      'memory',
    ],
  ])('%s', (_, changes, limit, reason) => expect(planned(changes)).toMatchObject({ limit, reason }));
});

describe('a live limit below the configured one', () => {
  const sysctl = parseSysctlFile('net.netfilter.nf_conntrack_max = 1000000\n', '/etc/sysctl.conf', true);
  const configuration = { ...NOTHING_CONFIGURED, sysctl };

  test.each<[string, number, number, string]>([
    ['what is configured is recommended', 30_000, 1_000_000, 'configured'],
    ['as much as the load asks for', 250_000, 1_000_000, 'configured'],
    ['but not where the load asks for more', 300_000, 2_097_152, 'filling'],
  ])('%s', (_, entries, limit, reason) => {
    expect(planned({ entries, configuration })).toMatchObject({ limit, reason });
  });

  test('the file is not to be changed', () => {
    const { text } = planned({ entries: 30_000, configuration });
    expect(text.replace(/\s+/g, ' ')).toContain('Recommended: what /etc/sysctl.conf wants. The live limit is below it');
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

describe('what it costs', () => {
  test('beyond what is held now: the slab, and the buckets that are new', () => {
    const full = (262_144 / 16) * 4096;
    const more = full - 7 * 4096 + (65_536 - 16_384) * 8;
    const share = (100 * (full + 65_536 * 8)) / (64 * GIB);
    expect(planned({}, 262_144)).toMatchObject({ more, share, fits: true, hashTable: 65_536 * 8 });
    expect(planned({ available: ok({ bytes: more, exact: true }) }, 262_144).fits).toBe(true);
    expect(planned({ available: ok({ bytes: more - 1, exact: true }) }, 262_144).fits).toBe(false);
  });

  test('nothing is saved by fewer buckets: they stay', () => {
    expect(planned({ buckets: ok(262_144) }, 65_536).more).toBe((65_536 / 16 - 7) * 4096);
  });

  test('what is configured is shown, where it is known', () => {
    expect(planned({ configuration: undefined }, 65_536).configured).toBeUndefined();
    expect(planned({ configuration: wanted(5) }, 65_536).configured).toMatchObject({ limit: 5 });
  });
});

describe('whether it fits', () => {
  test.each([
    [{ bytes: 2 ** 30, exact: true }, 'It fits: 14.2 MiB more than now, with 1.0 GiB available.'],
    [{ bytes: 2 ** 20, exact: true }, 'It does NOT fit: 14.2 MiB more than now, with 1.0 MiB available.'],
    [{ bytes: 2 ** 30, exact: false }, 'It fits: 14.2 MiB more than now, with about 1.0 GiB available.'],
  ])('%o', (available, words) => {
    const { text } = planned({ entries: 10_000, available: ok(available) }, 65536);
    expect(text.replace(/\s+/g, ' ')).toContain(words.replace('14.2', '13.6'));
  });

  test('not known', () => {
    expect(planned({ available: fault('denied') }, 65536).text).toContain('Whether it fits is not known');
  });
});

describe('where it is set', () => {
  test('a limit at or below what is in use is full at once', () => {
    expect(planned({ entries: 1000 }, 1000).text).toContain('It is full at once: new connections would be dropped.');
    expect(planned({ entries: 1000 }, 1001).text).not.toContain('full at once');
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
