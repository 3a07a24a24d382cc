// Incidents on a disk that is really full or read-only: the check is the same, line 1 says why nothing is kept, and what
// was kept before is unchanged. And a check that is killed at each of its writes.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { machine } from '../e2e/support/machine.ts';
import { command, ENV, plugin, RUN } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';
import { liveSuite } from './parts.ts';

const FULL = 262_144;
// More than the check with a new incident has.
const MOST_WRITES = 24;
// Copies the state to a disk of its own, lets something happen to it, checks, and lists what is left.
const ON_DISK = `
disk=$1 state=$2 fill=$3; shift 3
mount -t tmpfs -o size=128k none "$disk"; cp -a "$state/." "$disk"; cd "$disk"; eval "$fill"
"$@"; echo "status $?"
find "$disk" -name '*.tmp'; find "$disk" -type f -path '*/check_conntrack/*' -exec sha256sum {} +`;

liveSuite('incidents on a disk that takes nothing', ['/usr/bin/strace'], () => {
  test.each([
    ['full', 'head -c 200000 /dev/zero >full 2>/dev/null', 'ENOSPC'],
    ['read-only', 'mount -o remount,ro .', 'EROFS'],
  ])('%s', (_, fill, errno) => {
    const here = machine();
    here.check({ uptime: 1000, drop: [5] }, '--record');
    here.check({ uptime: 1060, entries: FULL, drop: [105] }, '--record');
    // Sets the files of the machine.
    here.report({ uptime: 1120, entries: FULL, drop: [1205] });
    const disk = scratch();
    const check = [ENV, ...RUN, '--root', here.root, '--state-dir', disk, '--record'];
    const { stdout, stderr } = command('unshare', ['-m', 'sh', '-c', ON_DISK, 'sh', disk, here.state, fill, ...check]);
    expect(stderr).toBe('');
    const [line = '', status, ...left] = stdout.trimEnd().split('\n');
    expect(line).toMatch(
      new RegExp(`^CONNTRACK CRITICAL - table full: .*; no history: .*cannot write \\S+: ${errno}(?:; | \\|)`),
    );
    expect(status).toBe('status 2');
    const sums = command('sh', ['-c', 'cd "$1" && find . -type f -exec sha256sum {} +', 'sh', here.state]).stdout;
    const kept = sums.trimEnd().split('\n').sort();
    expect(left.map((each) => each.replace(join(disk, '/'), './')).sort()).toEqual(kept);
  });

  test('killed at each of its writes: every file is whole, and the next check continues', () => {
    const here = machine();
    here.check({ uptime: 1000, drop: [5] }, '--record');
    // Sets the files of the machine.
    here.report({ uptime: 1060, entries: FULL, drop: [105] });
    const check = [ENV, ...RUN, '--root', here.root, '--state-dir', here.state, '--record'];
    const runs = Array.from({ length: MOST_WRITES }, (_, at) => {
      const inject = `inject=write:signal=SIGKILL:when=${at + 1}`;
      const { status } = command('strace', ['-f', '-qq', '-o', '/dev/null', '-e', inject, ...check]);
      const { stdout } = plugin('incidents', '--state-dir', here.state);
      return { isKilled: status !== 2, isDamaged: stdout.includes('Not read') };
    });
    expect(runs.some(({ isDamaged }) => isDamaged)).toBe(false);
    expect(runs.slice(0, 4).every(({ isKilled }) => isKilled)).toBe(true);
    expect(here.check({ uptime: 1120, entries: FULL, drop: [205] }, '--record').stdout).not.toContain('no history');
    expect(plugin('incidents', '--state-dir', here.state).stdout).toContain('1 incident on record');
  });
});
