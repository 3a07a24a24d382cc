// The limit of the running kernel, below the one that a file of the machine sets.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command, RUN } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';
import { limitTo, pluginInside, trackingNamespace } from './namespace.ts';
import { liveSuite } from './parts.ts';

liveSuite('drift on the running kernel', ['/proc/sys/net/nf_conntrack_max', '/usr/sbin/ip', '/usr/sbin/nft'], () => {
  test('reports a live limit below a file of sysctl.d, with its path; not in other namespaces', () => {
    const folder = scratch();
    writeFileSync(join(folder, '50-conntrack.conf'), 'net.netfilter.nf_conntrack_max = 2000000\n');
    limitTo(100_000);
    // Only in a mount namespace: the machine's own files are unchanged.
    const script = `mount --bind ${folder} /etc/sysctl.d && exec "$@"`;
    const check = (...line: readonly string[]) => command('unshare', ['--mount', 'sh', '-c', script, 'sh', ...line]);
    const { stdout, stderr, status } = check(...RUN, '-v');
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout).toMatch(
      /^CONNTRACK WARNING - limit is 100000 but \/etc\/sysctl\.d\/50-conntrack\.conf sets 2000000; \d+ entries \(\d+\.\d%\)(?:, since boot: [^|]+)? \|/,
    );
    expect(pluginInside(trackingNamespace()).status).toBe(0);
    const inside = check('ip', 'netns', 'exec', trackingNamespace(), ...RUN);
    expect(inside).toMatchObject({ status: 0, stderr: '' });
  });
});
