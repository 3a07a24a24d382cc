// What puts the machine back in order also when the tests are killed.

import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventually } from './daemon.ts';
import { PUT_BACK } from './guard.ts';
import { liveSuite } from './parts.ts';

const MAX = '/proc/sys/net/netfilter/nf_conntrack_max';
const HASHSIZE = '/sys/module/nf_conntrack/parameters/hashsize';
const NAME = `check-conntrack-${process.pid}-killed`;

// As the test runner does, with the guard beside it; it changes what all live tests together change.
const PROGRAM = `
const { execFileSync, spawn } = require('child_process');
const guard = spawn('setsid', ['sh', '-c', process.argv[1]], { stdio: ['pipe', 'pipe', 'inherit'] });
guard.stdout.once('data', () => {
  execFileSync('sh', ['-c', 'echo 54321 >${MAX}; echo 2048 >${HASHSIZE}; ip netns add ${NAME}']);
  spawn('ip', ['netns', 'exec', '${NAME}', 'sleep', '600'], { stdio: 'ignore', detached: true });
  console.log('changed');
});`;

liveSuite('the guard of these tests', ['/usr/bin/setsid', '/usr/sbin/ip'], () => {
  test('limit, hashsize and namespaces are put back when the runner is killed', async () => {
    const settings = () => [MAX, HASHSIZE].map((path) => readFileSync(path, 'latin1'));
    const before = settings();
    const runner = spawn(process.execPath, ['-e', PROGRAM, PUT_BACK], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => runner.stdout.once('data', resolve));
    expect(settings()).not.toEqual(before);
    expect(existsSync(`/run/netns/${NAME}`)).toBe(true);
    runner.kill('SIGKILL');
    await eventually(() => (existsSync(`/run/netns/${NAME}`) ? undefined : true));
    await eventually(() => (settings().join() === before.join() ? true : undefined));
  });
});
