// The limit of a booted kernel: lost, restored, planned, and kept over a load of the module and a boot.

import { expect, test } from 'vitest';
import { defaultLimit } from '../../src/evaluate/module-load.ts';
import type { Look } from './look.ts';

export function limits({ step, figures, isFrom, hasFiles, version }: Look): void {
  test('reports no connection tracking before the module is loaded', () => {
    const output = 'CONNTRACK UNKNOWN - no connection tracking visible here\n';
    expect(step('absent')).toEqual({ status: 3, output });
    expect(step('absent-ok')).toEqual({ status: 0, output: output.replace('UNKNOWN', 'OK') });
  });

  test('the default limit is the one known for this release and memory', () => {
    const [, kilobytes] = /MemTotal: +(\d+) kB/.exec(step('default-memory').output) ?? [];
    const release = { ok: true, value: version(), source: '' } as const;
    const memTotal = { ok: true, value: 1024 * Number(kilobytes), source: '' } as const;
    const buckets = { ok: false, fault: { kind: 'not-asked', source: '' } } as const;
    expect(defaultLimit({ generation: 'nf_conntrack', release, memTotal, buckets })).toBe(figures('default')[0]);
  });

  test('reports that a limit set by sysctl is lost when the module is reloaded', () => {
    const [limit = 0] = figures('default');
    expect(limit).toBeLessThan(300_000);
    expect(step('set')).toMatchObject({ status: 0, output: expect.stringContaining('0 of 300000 entries') });
    expect(figures('reloaded-figures')[0]).toBe(limit);
    const { status, output } = step('reloaded');
    expect(status).toBe(1);
    expect(output).toContain(`CONNTRACK WARNING - limit is ${limit} but /etc/sysctl.conf sets 300000; 0 entries`);
    expect(output).toContain('likely cause: the module is not loaded at boot, so sysctl may run before it is there');
    expect(output).toContain(
      'likely cause: each load of the module starts from its default; options nf_conntrack hashsize=',
    );
    const report = step('reloaded-report');
    expect(report.status).toBe(1);
    expect(report.output).toContain('Restore the limit of 300,000 that /etc/sysctl.conf sets.');
  });

  test('does not blame the module for a limit set by hand', () => {
    const { status, output } = step('lowered');
    expect(status).toBe(1);
    expect(output).toContain('CONNTRACK WARNING - limit is 50000 but /etc/sysctl.conf sets 300000;');
    expect(output.match(/likely cause: .*/g)).toEqual([
      expect.stringMatching(/^likely cause: loading the module with these buckets would not set 50000: /),
    ]);
  });

  test('the commands of report restore it; another load loses it, and plan says so', () => {
    expect(step('restore').output).toContain('sysctl -w net.netfilter.nf_conntrack_max=300000');
    expect(step('restored-how').status).toBe(0);
    expect(step('restored')).toMatchObject({ status: 0, output: expect.stringContaining('0 of 300000 entries') });
    expect(JSON.parse(step('reloaded-plan').output).plan).toMatchObject({ max: 300_000, reason: 'configured' });
  });

  test('a module loaded with the lines of plan has the figures that plan prints', () => {
    const { plan } = JSON.parse(step('plan').output);
    const { buckets, max_at_load: limit, expect_max: expectations } = plan;
    expect(figures('planned-figures')).toEqual([limit, buckets, expectations.at_load]);
  });

  test("hashsize 32768 gives the limit, buckets and expectations of the seed's table", () => {
    expect(figures('seed-figures')).toEqual([262_144, 32_768, 512]);
    expect(step('seed')).toMatchObject({ status: 0, output: expect.stringContaining('0 of 262144 entries') });
  });

  test('a limit of 0 means none, until the kernel refuses it (6.19)', () => {
    const isRefused = isFrom(6, 19);
    expect(step('no-limit').status !== 0).toBe(isRefused);
    const words = isRefused ? 'of 200000 entries' : 'entries, no limit set';
    expect(step('unlimited')).toMatchObject({ status: 0, output: expect.stringContaining(words) });
  });

  test('counters without the files come from conntrack(8), but only once its module is loaded', () => {
    const source = hasFiles() ? /counters: .*\(\/proc\/net\/stat\/nf_conntrack\)/ : /counters: .*conntrack -S/;
    expect(step('memory').output).toMatch(source);
    const refusal = 'no counters: did not run conntrack -S: it would load nf_conntrack_netlink';
    expect(step('reloaded').output.includes(refusal)).toBe(!hasFiles());
  });
}

export function limitsAgain({ step, figures }: Look): void {
  test('a machine booted with the lines of plan has the limit and the buckets that plan prints', () => {
    const { plan } = JSON.parse(step('plan').output);
    expect(step('again-absent').output).toContain('no connection tracking visible here');
    expect(figures('again-figures')).toEqual([plan.max, plan.buckets, plan.expect_max.at_load]);
    expect(step('again')).toMatchObject({ status: 0, output: expect.stringContaining(`0 of ${plan.max} entries`) });
    expect(step('again').output).toContain(`configured limit: ${plan.max}, `);
  });
}
