// Which limit is recommended, and which buckets go with it.

import { describe, expect, test } from 'vitest';
import { objectCost } from '../../../src/evaluate/footprint.ts';
import { planFor } from '../../../src/evaluate/plan.ts';
import type { Facts, Surroundings } from '../../../src/facts.ts';
import { parseAvailable } from '../../../src/kernel/surroundings.ts';
import { parseSysctlFile } from '../../../src/kernel/sysctl-file.ts';
import { planText } from '../../../src/present/plan.ts';
import { facts, fault, ok } from '../support/facts.ts';

const SURROUNDINGS: Surroundings = {
  expectMax: ok(256),
  available: ok({ bytes: 2 ** 30, exact: true }),
  configuration: { sysctl: [], hashsizes: [], reapplied: false, faults: [] },
  evidence: { iptablesUnloads: undefined, builtIn: false, loadedAtBoot: false },
  systemd: true,
};
const QUIET = ok({ entries: 0, cpus: [{ drop: 0, early_drop: 0 }] });
const GIB = 2 ** 30;

function planned(changes: Partial<Facts>, asked?: number, surroundings: Partial<Surroundings> = {}) {
  const known = facts({ statistics: QUIET, memTotal: ok(64 * GIB), buckets: ok(16384), max: 65536, ...changes });
  const around = { ...SURROUNDINGS, ...surroundings };
  const plan = planFor(known, around, objectCost(known, undefined), asked);
  if (!plan.ok) throw new Error(plan.fault.kind);
  return { ...plan.value, text: planText(known, around, plan.value).join('\n') };
}

describe('the recommended limit', () => {
  test.each<[string, Partial<Facts>, number, string]>([
    ['enough', { count: 16384 }, 65536, 'enough'],
    ['one entry more', { count: 16385 }, 131072, 'filling'],
    ['a full table', { count: 65536 }, 262144, 'filling'],
    [
      'it was met, and packets were dropped',
      { count: 10, statistics: ok({ cpus: [{ drop: 1 }] }) },
      131072,
      'was full',
    ],
    [
      'it was met, and entries evicted',
      { count: 10, statistics: ok({ cpus: [{ early_drop: 1 }] }) },
      131072,
      'was full',
    ],
    [
      'the load asks for more than a limit that was met',
      { count: 50_000, statistics: ok({ cpus: [{ drop: 1 }] }) },
      262144,
      'filling',
    ],
    ['no counters', { count: 10, statistics: fault('missing') }, 65536, 'enough'],
    // An eighth of 256 MiB in objects of 256 bytes.
    ['little memory', { count: 65536, memTotal: ok(GIB / 4) }, 131072, 'memory'],
    [
      'little memory, and the present limit is enough for what is in use',
      { count: 50_000, memTotal: ok(GIB / 16) },
      65536,
      'memory',
    ],
    ['so little that what is in use is too much already', { count: 65536, memTotal: ok(GIB / 16) }, 131072, 'in use'],
    [
      'no limit, and so much in use that there is no memory for more',
      { count: 2_000_000, max: 0, memTotal: ok(GIB) },
      4194304,
      'in use',
    ],
    ['next to no memory', { count: 0, max: 65536, memTotal: ok(1024) }, 65536, 'enough'],
    [
      'a limit that was raised is not met by what was lost before',
      { count: 10, max: 524_288, statistics: ok({ cpus: [{ drop: 1 }] }) },
      524_288,
      'enough',
    ],
    ['more than a power of two can be', { count: 6e8, max: 1.2e9, memTotal: fault('missing') }, 2 ** 31 - 1, 'filling'],
    ['an absurd limit', { count: 10, max: 2 ** 30 }, 2 ** 25, 'too large'],
    ['memory unknown', { count: 65536, memTotal: fault('missing') }, 262144, 'filling'],
    ['no limit, and a quiet moment', { count: 10, max: 0, memTotal: ok(2 * GIB) }, 65536, 'no limit'],
    ['no limit, and a large machine', { count: 10, max: 0 }, 262144, 'no limit'],
    ['no limit, and more in use than the default has room for', { count: 70_000, max: 0 }, 524288, 'filling'],
    ['no limit, and little memory', { count: 10, max: 0, memTotal: ok(GIB / 32) }, 16384, 'no limit'],
    ['nothing at all', { count: 0, max: 0 }, 262144, 'no limit'],
  ])('%s', (_, changes, limit, reason) => expect(planned(changes)).toMatchObject({ limit, reason }));
});

describe('a live limit below the configured one', () => {
  const sysctl = parseSysctlFile('net.netfilter.nf_conntrack_max = 1000000\n', '/etc/sysctl.conf', true);
  const configuration = { ...SURROUNDINGS.configuration, sysctl };

  test.each<[string, number, number, string]>([
    ['what is configured is recommended', 30_000, 1_000_000, 'configured'],
    ['but not where the load asks for more', 300_000, 2_097_152, 'filling'],
  ])('%s', (_, count, limit, reason) => {
    expect(planned({ count }, undefined, { configuration })).toMatchObject({ limit, reason });
  });

  test('the file is not to be changed', () => {
    const { text } = planned({ count: 30_000 }, undefined, { configuration });
    expect(text.replace(/\s+/g, ' ')).toContain('Recommended: what /etc/sysctl.conf wants. The live limit is below it');
    expect(text).not.toContain('change it there');
  });
});

describe('buckets', () => {
  const old = { release: ok({ major: 2, minor: 6 }) };

  test.each<[string, Partial<Facts>, number, number, number]>([
    ['a quarter', {}, 262144, 65536, 524288],
    ['an eighth before 4.0', old, 262144, 32768, 262144],
    ['an eighth on ip_conntrack', { ...old, generation: 'ip_conntrack', buckets: ok(8192) }, 262144, 32768, 262144],
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
    expect(planned(old, 262144, { expectMax: fault('missing') }).text).not.toContain('expect_max');
  });
});

describe('whether it fits', () => {
  test.each([
    [{ bytes: 2 ** 30, exact: true }, 'It fits: 14.2 MiB more than now, with 1.0 GiB available.'],
    [{ bytes: 2 ** 20, exact: true }, 'It does NOT fit: 14.2 MiB more than now, with 1.0 MiB available.'],
    [{ bytes: 2 ** 30, exact: false }, 'It fits: 14.2 MiB more than now, with about 1.0 GiB available.'],
  ])('%o', (available, words) => {
    const { text } = planned({ count: 10_000 }, 65536, { available: ok(available) });
    expect(text.replace(/\s+/g, ' ')).toContain(words.replace('14.2', '13.6'));
  });

  test('not known', () => {
    expect(planned({}, 65536, { available: fault('denied') }).text).toContain('Whether it fits is not known');
  });

  test.each([
    ['MemTotal: 9 kB\nMemFree: 5 kB\nMemAvailable: 7 kB\nBuffers: 1 kB\n', { bytes: 7168, exact: true }],
    ['MemTotal: 9 kB\nMemFree: 5 kB\nBuffers: 1 kB\nCached: 2 kB\n', { bytes: 8192, exact: false }],
    ['MemFree: 5 kB\n', { bytes: 5120, exact: false }],
  ])('available in %j', (text, value) => expect(parseAvailable(text)).toEqual({ ok: true, value }));

  test('nothing available told', () => expect(parseAvailable('MemTotal: 9 kB\n').ok).toBe(false));
});

describe('where it is set', () => {
  test('a limit at or below what is in use is full at once', () => {
    expect(planned({ count: 1000 }, 1000).text).toContain('It is full at once: new connections would be dropped.');
    expect(planned({ count: 1000 }, 1001).text).not.toContain('full at once');
  });

  test('a file that sets it already is the one to change', () => {
    const sysctl = parseSysctlFile('net.nf_conntrack_max = 5\n', '/etc/sysctl.d/00-first.conf', true);
    const configuration = { ...SURROUNDINGS.configuration, sysctl };
    const { text } = planned({}, 262144, { configuration });
    expect(text).toContain('  /etc/sysctl.d/00-first.conf\n      net.netfilter.nf_conntrack_max = 262144\n');
    expect(text).toMatch(/00-first.conf sets net.nf_conntrack_max = 5 now:\s+change\s+it\s+there/);
  });

  test('built in, modprobe has no say', () => {
    const { text } = planned({}, 262144, { evidence: { ...SURROUNDINGS.evidence, builtIn: true } });
    expect(text).toContain('  the kernel command line\n      nf_conntrack.hashsize=65536\n');
    expect(text).not.toContain('/etc/modprobe.d');
  });

  test('no line is wider than 80 columns', () => {
    const { text } = planned({ count: 2 ** 30, max: 2 ** 31 - 1 }, 2 ** 31 - 1);
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});
