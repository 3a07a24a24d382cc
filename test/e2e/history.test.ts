// Rates, growth and time to full over several runs, on machines with a clock that the test sets.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Machine, machine, onlyFile, perfdata } from './support/machine.ts';
import { command, ENV, RUN } from './support/plugin.ts';

const WRAP = 2 ** 32;

describe('packets lost', () => {
  test('are on line 1 as whole events over the actual span, without any threshold', () => {
    const here = machine();
    here.check({ uptime: 1000, drop: [100, 200] });
    const answer = here.check({ uptime: 1060, drop: [600, 904] });
    expect(answer).toMatchObject({ status: 0, stderr: '' });
    expect(answer.stdout).toMatch(
      /^CONNTRACK OK - 1000 of 262144 entries \(0\.4%\), 1204 packets dropped in the last 60 s, about /,
    );
    expect(perfdata(answer, 'drop_rate')).toBe('20.067;;;0');
  });

  test('are named once each, by cause; an eviction is not a loss', () => {
    const here = machine();
    here.check({ uptime: 1000 });
    const answer = here.check({ uptime: 1060, drop: [3], insert_failed: [7], chainlength: [5], early_drop: [900] });
    expect(answer.stdout).toContain(
      ' (0.4%), 1 packet dropped, 2 packets lost to clashes (such as NAT without a free port), 5 refused for long hash chains in the last 60 s, about',
    );
    expect(answer.stdout).not.toContain('evicted');
    expect(perfdata(answer, 'early_drop_rate')).toBe('15;;;0');
  });

  test('come first, in words, with a threshold on them', () => {
    const here = machine();
    here.check({ uptime: 1000 });
    const answer = here.check(
      { uptime: 1060, drop: [60], early_drop: [30] },
      '-w',
      'early_drop_rate=0',
      '-c',
      'drop_rate=0.5',
    );
    expect(answer.status).toBe(2);
    expect(answer.stdout).toMatch(
      /^CONNTRACK CRITICAL - 60 packets dropped in the last 60 s; 30 entries evicted in the last 60 s; 1000 of 262144 entries \(0\.4%\) \|/,
    );
    expect(perfdata(answer, 'drop_rate')).toBe('1;;0.5;0');
  });

  test('are not mentioned if there are none', () => {
    const here = machine();
    here.check({ uptime: 1000, drop: [5] });
    const answer = here.check({ uptime: 1060, drop: [5] }, '-c', 'drop_rate=0');
    expect(answer).toMatchObject({ status: 0 });
    expect(answer.stdout).not.toContain('in the last');
    expect(perfdata(answer, 'drop_rate')).toBe('0;;0;0');
  });

  test('wrap at 32 bits, separately for each CPU', () => {
    const here = machine();
    here.check({ uptime: 1000, drop: [WRAP - 10, 5] });
    expect(here.check({ uptime: 1060, drop: [20, 5] }).stdout).toContain(', 30 packets dropped in the last 60 s');
  });

  test('are not hidden by a run by hand', () => {
    const here = machine();
    here.check({ uptime: 1000 });
    here.check({ uptime: 1050, drop: [500] });
    expect(here.check({ uptime: 1060, drop: [500] }).stdout).toContain(', 500 packets dropped in the last 60 s');
  });

  test('nor by forty runs by hand', () => {
    const here = machine();
    here.check({ uptime: 1000 });
    for (let run = 1; run <= 40; run++) here.check({ uptime: 1250 + run / 10, drop: [5] });
    expect(here.check({ uptime: 1290, drop: [5] }).stdout).toContain(', 5 packets dropped in the last 290 s');
    expect(readFileSync(onlyFile(here), 'latin1').length).toBeLessThan(2000);
  });

  test('are counted from the oldest sample inside the window', () => {
    const here = machine();
    for (const at of [0, 1, 2, 3, 4]) here.check({ uptime: 1000 + 100 * at, drop: [at * 10] });
    expect(here.check({ uptime: 1450, drop: [45] }).stdout).toContain(', 25 packets dropped in the last 250 s');
  });

  test('are counted from the newest sample before an empty window', () => {
    const here = machine();
    here.check({ uptime: 1000, drop: [1] });
    here.check({ uptime: 2000, drop: [2] });
    const answer = here.check({ uptime: 9200, drop: [5] });
    expect(answer.stdout).toContain(', 3 packets dropped in the last 2 h');
  });

  test('--window sets how far back', () => {
    const here = machine();
    const checkAt = (uptime: number, drop: number) => here.check({ uptime, drop: [drop] }, '--window', '60');
    for (const at of [0, 1, 2, 3]) checkAt(1000 + 30 * at, at);
    expect(checkAt(1100, 9).stdout).toContain(', 7 packets dropped in the last 40 s');
  });
});

describe('a missing rate is named, and changes no state', () => {
  const before = { uptime: 1000, drop: [1000, 1000] };
  test.each<[string, Parameters<Machine['check']>[0]]>([
    ['first run since boot', { uptime: 60, drop: [9, 9], boot: '99999999-2222-3333-4444-555555555555' }],
    ['the counters were reset', { uptime: 1060, drop: [9, 1000] }],
    ['the number of CPUs changed', { uptime: 1060, drop: [2000, 2000, 2000] }],
    ['the clock did not move', { uptime: 1000, drop: [2000, 2000] }],
    ['the clock did not move', { uptime: 900, drop: [2000, 2000] }],
  ])('%s', (why, moment) => {
    const here = machine();
    here.check(before);
    const answer = here.check(moment, '-v', '-c', 'drop_rate=0', '-w', 'time_to_full=1d:');
    expect(answer).toMatchObject({ status: 0, stderr: '' });
    expect(answer.stdout).toContain(`\nnot judged: drop_rate: ${why}\n`);
    expect(answer.stdout).toContain(`\nno rates yet: ${why} (`);
    expect(perfdata(answer, 'drop_rate')).toBe(undefined);
    // The next run can compare again.
    const next = here.check({ ...moment, uptime: moment.uptime + 10 }, '-c', 'drop_rate=0');
    expect(perfdata(next, 'drop_rate')).toBe('0;;0;0');
  });

  test('first run', () => {
    const answer = machine().check(before, '-v', '-c', 'drop_rate=0');
    expect(answer.status).toBe(0);
    expect(answer.stdout).toContain('\nnot judged: drop_rate: first run since boot\n');
  });

  test('unsupported by this kernel', () => {
    const here = machine();
    const strip = (): void =>
      writeFileSync(join(here.root, 'proc/net/stat/nf_conntrack'), 'entries drop\n00000001 00000002\n');
    here.check({ uptime: 1000, drop: [1] });
    writeFileSync(join(here.root, 'proc/uptime'), '1060.00 1.00\n');
    strip();
    const args = [
      '--root',
      here.root,
      '--state-dir',
      here.state,
      '-v',
      '-c',
      'chainlength_rate=0',
      '-c',
      'drop_rate=0',
    ];
    const answer = command(ENV, [...RUN, ...args]);
    expect(answer.stdout).toContain('\nnot judged: chainlength_rate: unsupported by this kernel\n');
    expect(answer.stdout).toMatch(/^CONNTRACK CRITICAL - 1 packet dropped in the last 60 s;/);
  });

  test('ignores samples before a reset', () => {
    const here = machine();
    here.check({ uptime: 1000, drop: [1000] });
    here.check({ uptime: 1060, drop: [5] });
    expect(here.check({ uptime: 1120, drop: [8] }).stdout).toContain(', 3 packets dropped in the last 60 s');
  });

  test('has growth without counters', () => {
    const here = machine();
    for (let run = 0; run < 6; run++) {
      here.check({ uptime: 1000 + run, entries: 1000 + 10 * run });
      rmSync(join(here.root, 'proc/net/stat/nf_conntrack'));
      const answer = command(ENV, [...RUN, '--root', here.root, '--state-dir', here.state]);
      expect(answer.status).toBe(0);
    }
  });
});

describe('growth', () => {
  function fill(here: Machine, entries: readonly number[]): void {
    for (const [at, count] of entries.entries()) here.check({ uptime: 1000 + 60 * at, entries: count });
  }

  test('appears with the time to full after five samples, not before', () => {
    const here = machine();
    fill(here, [1000, 1600, 2200]);
    const fourth = here.check({ uptime: 1180, entries: 2800 }, '-v', '-c', 'time_to_full=1d:');
    expect(fourth.status).toBe(0);
    expect(fourth.stdout).toContain('\nnot judged: time_to_full: too few samples in the window yet\n');
    const fifth = here.check({ uptime: 1240, entries: 3400 });
    expect(perfdata(fifth, 'growth')).toBe('10');
    expect(perfdata(fifth, 'time_to_full')).toBe('25874s;;;0');
  });

  test('is not distorted by one outlier, wherever it is', () => {
    for (const odd of [0, 1, 2, 3, 4]) {
      const here = machine();
      fill(here, [1000, 1600, 2200, 2800, 3400].map((count, at) => (at === odd ? 200_000 : count)).slice(0, 4));
      const answer = here.check({ uptime: 1240, entries: odd === 4 ? 200_000 : 3400 });
      expect(Number(perfdata(answer, 'growth'))).toBeCloseTo(10, 1);
    }
  });

  test('gives the time with a threshold on it', () => {
    const here = machine();
    fill(here, [10_000, 34_000, 58_000, 82_000]);
    const answer = here.check({ uptime: 1240, entries: 106_000 }, '-w', 'time_to_full=1h:', '-c', 'time_to_full=15m:');
    expect(answer.status).toBe(2);
    expect(answer.stdout).toMatch(
      /^CONNTRACK CRITICAL - full in 390 s at the current rate; 106000 of 262144 entries \(40\.4%\) \|/,
    );
    expect(perfdata(answer, 'time_to_full')).toBe('390s;3600:;900:;0');
  });

  test('prints minutes and hours', () => {
    const here = machine();
    fill(here, [10_000, 20_000, 30_000, 40_000]);
    const answer = here.check({ uptime: 1240, entries: 50_000 }, '-w', 'time_to_full=1h:');
    expect(answer.stdout).toContain('full in 21 min at the current rate');
  });

  test('is negative in a shrinking table, without a time', () => {
    const here = machine();
    fill(here, [5000, 4000, 3000, 2000]);
    const answer = here.check({ uptime: 1240, entries: 1000 }, '-v', '-c', 'time_to_full=1d:', '-w', 'growth=~:10');
    expect(answer.status).toBe(0);
    expect(perfdata(answer, 'growth')).toBe('-16.667;~:10');
    expect(perfdata(answer, 'time_to_full')).toBe(undefined);
    expect(answer.stdout).toContain('\nnot judged: time_to_full: not growing\n');
  });

  test('gives a full table no time left', () => {
    const here = machine();
    fill(here, [100_000, 150_000, 200_000, 250_000]);
    const answer = here.check({ uptime: 1240, entries: 262_144 }, '-c', 'time_to_full=1m:');
    expect(answer.stdout).toContain('full and growing');
  });
});
