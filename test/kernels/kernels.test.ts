// What happened on each kernel, and what was said of it. The facts are the kernel's: its figures and counters, read at the
// same moment. At the end a table tells what each of them can do.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { baseArchive, boot, kernels, type Machine, type Step } from './machine.ts';

const FEWEST = 4;
const suites = kernels();
const machines = new Map<string, Machine>();
const folder = mkdtempSync(join(tmpdir(), 'check_conntrack-kernels-'));

// Two at a time: each takes one processor, and most of the time of it.
beforeAll(async () => {
  const base = baseArchive(folder);
  const waiting = suites.slice();
  const worker = async (): Promise<void> => {
    for (let suite = waiting.pop(); suite !== undefined; suite = waiting.pop())
      machines.set(suite, await boot(suite, base, folder));
  };
  await Promise.all([worker(), worker()]);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
  const rows = suites.map((suite) => tableRow(suite).join(' | '));
  process.stdout.write(`\nkernel | limit by default | object | extension | counters | max = 0\n${rows.join('\n')}\n`);
});

test('there are kernels of four series at the least', () => {
  expect(suites.length).toBeGreaterThanOrEqual(FEWEST);
});

function step(suite: string, name: string): Step {
  const found = machines.get(suite)?.steps.get(name);
  if (found === undefined)
    throw new Error(`${suite}: no ${name}; there are ${[...(machines.get(suite)?.steps.keys() ?? [])]}`);
  return found;
}

/** Limit, buckets and limit of expectations. */
function figures(suite: string, name: string): readonly number[] {
  return step(suite, name).output.trim().split('\n').map(Number);
}

/** The kernel's own counter, of all CPUs; undefined where it has none. */
function counter(suite: string, name: string, column: string): number | undefined {
  const [head = '', ...rows] = step(suite, name).output.trim().split('\n');
  const place = head.split(/\s+/).indexOf(column);
  if (place === -1) return undefined;
  return rows.reduce((sum, row) => sum + Number.parseInt(row.trim().split(/\s+/)[place] ?? '', 16), 0);
}

function release(suite: string): readonly [major: number, minor: number] {
  const [major = 0, minor = 0] = (machines.get(suite)?.release ?? '').split('.').map(Number);
  return [major, minor];
}

function isFrom(suite: string, major: number, minor: number): boolean {
  const [ours, ourMinor] = release(suite);
  return ours > major || (ours === major && ourMinor >= minor);
}

function perfdata({ output }: Step, label: string): number {
  return Number(new RegExp(` ${label}=([\\d.]+)`).exec(output)?.[1]);
}

function tableRow(suite: string): readonly string[] {
  const { output } = step(suite, 'seed');
  const [, object = '?', extension = '?'] = /object size: (\d+) B.*extension (\d+) B/.exec(output) ?? [];
  const counters = ['drop', 'early_drop', 'insert_failed', 'chainlength'].filter(
    (name) => counter(suite, 'counters', name) !== undefined,
  );
  const zero = step(suite, 'no-limit').status === 0 ? 'no limit' : 'refused';
  return [
    machines.get(suite)?.release ?? suite,
    String(figures(suite, 'default')[0]),
    object,
    extension,
    counters.join(' '),
    zero,
  ];
}

describe.each(suites)('%s', (suite) => {
  test('before the module is loaded nothing is there', () => {
    const output = 'CONNTRACK UNKNOWN - no connection tracking visible here\n';
    expect(step(suite, 'absent')).toEqual({ status: 3, output });
    expect(step(suite, 'absent-ok')).toEqual({ status: 0, output: output.replace('UNKNOWN', 'OK') });
  });

  test('a limit that sysctl set is lost when the module is loaded anew, and that is said', () => {
    const [limit = 0] = figures(suite, 'default');
    expect(limit).toBeLessThan(300_000);
    expect(step(suite, 'set')).toMatchObject({ status: 0, output: expect.stringContaining('0 of 300000 entries') });
    expect(figures(suite, 'reloaded-figures')[0]).toBe(limit);
    const { status, output } = step(suite, 'reloaded');
    expect(status).toBe(1);
    expect(output).toContain(`CONNTRACK WARNING - limit is ${limit} but /etc/sysctl.conf sets 300000; 0 entries`);
    expect(output).toContain('likely cause: the module is not loaded at boot, so sysctl may run before it is there');
    expect(output).toContain(
      'likely cause: each load of the module starts from its default; options nf_conntrack hashsize=',
    );
    const report = step(suite, 'reloaded-report');
    expect(report.status).toBe(1);
    expect(report.output).toContain('Set the limit that /etc/sysctl.conf wants, 300,000.');
    expect(JSON.parse(step(suite, 'reloaded-plan').output).plan).toMatchObject({ max: 300_000, reason: 'configured' });
  });

  test('a module loaded with the hashsize that plan tells has the figures that plan tells', () => {
    const { plan } = JSON.parse(step(suite, 'plan').output);
    const { buckets, max_at_load: limit, expect_max: expectations } = plan;
    expect(figures(suite, 'planned-figures')).toEqual([limit, buckets, expectations.at_load]);
  });

  test("hashsize 32768 gives the limit, buckets and expectations of the seed's table", () => {
    expect(figures(suite, 'seed-figures')).toEqual([262_144, 32_768, 512]);
    expect(step(suite, 'seed')).toMatchObject({ status: 0, output: expect.stringContaining('0 of 262144 entries') });
  });

  test('a full table: CRITICAL, and the drops are those that the kernel has counted', () => {
    const { status, output } = step(suite, 'full');
    const lost = counter(suite, 'full-truth', 'drop');
    expect(status).toBe(2);
    expect(lost).toBeGreaterThan(0);
    expect(output).toContain('CONNTRACK CRITICAL - table full: 100 of 100 entries (100.0%); ');
    expect(output).toContain(`; ${lost} packets dropped in the last `);
    for (const name of ['drop', 'early_drop', 'insert_failed', 'chainlength']) {
      const counted = counter(suite, 'full-truth', name);
      const told = perfdata(step(suite, 'full'), name);
      // Before 5.15 the kernel has no such counter, and nothing is told of it.
      if (counted === undefined) expect(told).toBeNaN();
      else expect(told).toBe(counted);
    }
    expect(counter(suite, 'full-truth', 'chainlength') === undefined).toBe(!isFrom(suite, 5, 15));
  });

  test('an incident: which table, and what to type', () => {
    const { status, output } = step(suite, 'losing');
    expect(status).toBe(2);
    // A flood evicts and the kernel collects while it is looked at: a few of the hundred may be free at that moment.
    expect(output).toMatch(
      /^CONNTRACK CRITICAL - the table of the host is (?:9\d\.\d% )?full and losing [\d,]+\s+packets\/s\n/,
    );
    expect(output).toMatch(/\n {2}\d+ "table full" lines? /);
    expect(output).toContain('\n  1. Raise the limit to ');
    expect(step(suite, 'emptied')).toMatchObject({ status: 0, output: expect.stringContaining('0 of 100 entries') });
  });

  test('without root the estimate of the object size is what the kernel says', () => {
    const size = /object size: (?:about )?(\d+) B/;
    const [root, nobody] = ['full-root', 'full-nobody'].map((name) => step(suite, name));
    expect([root?.status, nobody?.status]).toEqual([2, 2]);
    expect(size.exec(nobody?.output ?? '')?.[1]).toBe(size.exec(root?.output ?? '')?.[1]);
    expect(nobody?.output).toContain('object size not from the kernel: ');
  });

  test('munin, and conntrack(8) beside it', () => {
    expect(step(suite, 'full-munin')).toEqual({ status: 0, output: 'limit.value 100\nentries.value 100\n' });
    expect(step(suite, 'full-tool').output).toContain(` drop=${perfdata(step(suite, 'full-root'), 'drop')} `);
  });

  test.each(['elsewhere', 'elsewhere-nobody'])('another namespace is full and ours is not: %s', (name) => {
    const { status, output } = step(suite, name);
    expect(status).toBe(2);
    expect(output).toMatch(
      /^CONNTRACK CRITICAL - namespace of sleep \(pid \d+\) is full: 100 of 100; here 0 \(0\.0%\), 2 namespaces/,
    );
  });

  test('long chains refuse entries below the limit from 5.15 on', () => {
    const { status, output } = step(suite, 'chains');
    const refused = counter(suite, 'chains-truth', 'chainlength') ?? 0;
    expect(status).toBe(0);
    expect(refused > 0).toBe(isFrom(suite, 5, 15));
    expect(output.includes('this kernel refuses entries in long chains below the limit')).toBe(refused > 0);
    expect(perfdata(step(suite, 'chains'), 'entries')).toBe(40_000 - refused);
  });

  test('where NAT has no port left, drop and insert_failed rise together, and the table is nearly empty', () => {
    expect(step(suite, 'nat')).toEqual({ status: 0, output: '' });
    const rise = (name: string) =>
      (counter(suite, 'clash-truth', name) ?? 0) - (counter(suite, 'clash-before', name) ?? 0);
    expect(rise('drop')).toBeGreaterThan(50);
    expect(rise('insert_failed')).toBe(rise('drop'));
    expect(rise('chainlength')).toBe(0);
    expect(perfdata(step(suite, 'clash'), 'entries')).toBeLessThan(100);
  });

  test('a limit of 0 is none, until the kernel refuses it (6.19)', () => {
    const isRefused = isFrom(suite, 6, 19);
    expect(step(suite, 'no-limit').status !== 0).toBe(isRefused);
    const words = isRefused ? 'of 200000 entries' : 'entries, no limit set';
    expect(step(suite, 'unlimited')).toMatchObject({ status: 0, output: expect.stringContaining(words) });
  });
});
