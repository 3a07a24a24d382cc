// The plan on the running kernel: its commands are run, and the kernel then has the figures that it printed.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { plugin, shell } from '../e2e/support/plugin.ts';
import { HASHSIZE, keep, limitTo } from './namespace.ts';
import { liveSuite } from './parts.ts';

const SYSCTL = '/proc/sys/net/netfilter/';

liveSuite('a plan for the running machine', [`${SYSCTL}nf_conntrack_max`, HASHSIZE], () => {
  test('the commands set limit and buckets, and keep expect_max', () => {
    const [buckets, expectMax] = [figure('nf_conntrack_buckets'), figure('nf_conntrack_expect_max')];
    keep(HASHSIZE);
    limitTo(figure('nf_conntrack_max'));
    const limit = 8 * buckets;

    const { stdout, status } = plugin('plan', '--max', String(limit));
    expect(status).toBe(0);
    const commands = Array.from(stdout.matchAll(/^ {2}\d\. (.+)$/gm), ([, command = '']) => command);
    expect(commands).toHaveLength(2);
    expect(shell(commands.join(' && '))).toMatchObject({ status: 0 });

    expect(figure('nf_conntrack_max')).toBe(limit);
    expect(figure('nf_conntrack_buckets')).toBe(2 * buckets);
    expect(figure('nf_conntrack_expect_max')).toBe(expectMax);
    expect(plugin('plan', '--max', String(limit)).stdout).toContain('\n  nothing to do: already set\n');
  });
});

function figure(name: string): number {
  return Number(readFileSync(SYSCTL + name, 'latin1'));
}
