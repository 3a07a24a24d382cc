// The limit of a booted kernel: lost, restored, planned, and there again after a load of the module and after a boot.

import { expect, test } from 'vitest';
import { defaultLimit } from '../../src/evaluate/module-load.ts';
import type { Look } from './look.ts';

export function limits({ step, figures, isFrom, hasFiles, version }: Look): void {
  test('before the module is loaded nothing is there', () => {
    const output = 'CONNTRACK UNKNOWN - no connection tracking visible here\n';
    expect(step('absent')).toEqual({ status: 3, output });
    expect(step('absent-ok')).toEqual({ status: 0, output: output.replace('UNKNOWN', 'OK') });
  });

  test('the limit that nobody set is what is known of this release with so much memory', () => {
    const [, kilobytes] = /MemTotal: +(\d+) kB/.exec(step('default-memory').output) ?? [];
    const release = { ok: true, value: version(), source: '' } as const;
    const memTotal = { ok: true, value: 1024 * Number(kilobytes), source: '' } as const;
    const buckets = { ok: false, fault: { kind: 'not-asked', source: '' } } as const;
    expect(defaultLimit({ generation: 'nf_conntrack', release, memTotal, buckets })).toBe(figures('default')[0]);
  });

  test('a limit that sysctl set is lost when the module is loaded anew, and that is said', () => {
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

  test('a limit that somebody set by hand is not blamed on the module', () => {
    const { status, output } = step('lowered');
    expect(status).toBe(1);
    expect(output).toContain('CONNTRACK WARNING - limit is 50000 but /etc/sysctl.conf sets 300000;');
    expect(output.match(/likely cause: .*/g)).toEqual([
      expect.stringMatching(/^likely cause: no load of the module gives 50000 with these buckets: /),
    ]);
  });

  test('what report says to type, typed, restores it; another load loses it, and plan says so', () => {
    expect(step('restore').output).toContain('sysctl -w net.netfilter.nf_conntrack_max=300000');
    expect(step('restored-how').status).toBe(0);
    expect(step('restored')).toMatchObject({ status: 0, output: expect.stringContaining('0 of 300000 entries') });
    expect(JSON.parse(step('reloaded-plan').output).plan).toMatchObject({ max: 300_000, reason: 'configured' });
  });

  test('a module loaded with the lines of plan has the figures that plan tells', () => {
    const { plan } = JSON.parse(step('plan').output);
    const { buckets, max_at_load: limit, expect_max: expectations } = plan;
    expect(figures('planned-figures')).toEqual([limit, buckets, expectations.at_load]);
  });

  test("hashsize 32768 gives the limit, buckets and expectations of the seed's table", () => {
    expect(figures('seed-figures')).toEqual([262_144, 32_768, 512]);
    expect(step('seed')).toMatchObject({ status: 0, output: expect.stringContaining('0 of 262144 entries') });
  });

  test('a limit of 0 is none, until the kernel refuses it (6.19)', () => {
    const isRefused = isFrom(6, 19);
    expect(step('no-limit').status !== 0).toBe(isRefused);
    const words = isRefused ? 'of 200000 entries' : 'entries, no limit set';
    expect(step('unlimited')).toMatchObject({ status: 0, output: expect.stringContaining(words) });
  });

  test('counters without the files come from conntrack(8), and only once its module is there', () => {
    const source = hasFiles() ? /counters: .*\(\/proc\/net\/stat\/nf_conntrack\)/ : /counters: .*conntrack -S/;
    expect(step('memory').output).toMatch(source);
    const refusal = 'no counters: did not run conntrack -S: it would load nf_conntrack_netlink';
    expect(step('reloaded').output.includes(refusal)).toBe(!hasFiles());
  });
}

export function limitsAgain({ step, figures }: Look): void {
  test('a machine booted with the lines of plan has the limit and the buckets that plan tells', () => {
    const { plan } = JSON.parse(step('plan').output);
    expect(step('again-absent').output).toContain('no connection tracking visible here');
    expect(figures('again-figures')).toEqual([plan.max, plan.buckets, plan.expect_max.at_load]);
    expect(step('again')).toMatchObject({ status: 0, output: expect.stringContaining(`0 of ${plan.max} entries`) });
    expect(step('again').output).toContain(`configured limit: ${plan.max}, `);
  });
}
