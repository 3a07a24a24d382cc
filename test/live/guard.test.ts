// The guard restores the machine even if the tests are killed.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { eventually, readIfThere } from './daemon.ts';
import { guardOf, nameOf } from './guard.ts';
import { trackingNamespace } from './namespace.ts';
import { liveSuite } from './parts.ts';

const MAX = '/proc/sys/net/netfilter/nf_conntrack_max';
const HASHSIZE = '/sys/module/nf_conntrack/parameters/hashsize';

// Acts as the test runner, with its own guard; it changes everything that the live tests change. One of its processes
// is in the namespace, the other in none.
const PROGRAM = `
const { execFileSync, spawn } = require('child_process');
const [name, folder, ...line] = process.argv.slice(1);
const guard = spawn(line[0], line.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
guard.stdout.once('data', () => {
  execFileSync('sh', ['-c', 'echo 54321 >${MAX}; echo 2048 >${HASHSIZE}; ip netns add ' + name]);
  const options = { stdio: 'ignore', detached: true };
  const inside = spawn('ip', ['netns', 'exec', name, 'sleep', '600'], options);
  const marked = spawn('sleep', ['600'], { ...options, env: { CHECK_CONNTRACK_RUN: folder } });
  console.log(inside.pid + ' ' + marked.pid);
});`;

liveSuite('the guard of these tests', ['/usr/bin/setsid', '/usr/sbin/ip'], () => {
  test('removes namespaces and processes of a killed runner, and restores limit and hashsize', async () => {
    const settings = () => [MAX, HASHSIZE].map((path) => readFileSync(path, 'latin1'));
    const before = settings();
    const folder = mkdtempSync('/tmp/check_conntrack-run-');
    const name = `check-conntrack-${nameOf(folder)}-1`;
    const line = ['-e', PROGRAM, name, folder, ...guardOf(folder)];
    const runner = spawn(process.execPath, line, { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void runner.kill('SIGKILL'));
    const printed = await new Promise((resolve) => runner.stdout.once('data', resolve));
    const pids = String(printed).trim().split(' ');
    expect(settings()).not.toEqual(before);
    expect(existsSync(`/run/netns/${name}`)).toBe(true);
    const another = trackingNamespace();
    runner.kill('SIGKILL');
    // The directory is removed last.
    await eventually(() => (existsSync(folder) ? undefined : true));
    expect(settings()).toEqual(before);
    expect(existsSync(`/run/netns/${name}`)).toBe(false);
    for (const pid of pids) expect(readIfThere(`/proc/${pid}/cmdline`)).toBe('');
    expect(existsSync(`/run/netns/${another}`)).toBe(true);
  });
});
