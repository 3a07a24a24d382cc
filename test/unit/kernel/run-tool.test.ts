// Running a tool: its path, its user, its time limit, and the name of a failure.

import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { children } from '#system/children';
import { type Answer, runTool, startTool, toolLine } from '../../../src/kernel/run-tool.ts';
import { findTool, TOOLS, type Tool } from '../../../src/kernel/tools.ts';
import type { Reading } from '../../../src/model/fault.ts';
import { fault, ok } from '../support/observation.ts';
import { rootOf } from '../support/root.ts';
import { withTools } from '../support/tools.ts';

const TOOL: Tool = {
  programs: ['first', 'second'],
  args: ['-x'],
  when: '',
  user: 'any',
  milliseconds: 5000,
  bytes: 10,
  needs: [],
};
const RUN = { tool: TOOL, source: 'it' };
const asText = ({ stdout, failure }: Answer): Reading<string> => ok(`${failure} ${stdout}`, 'it');

describe('its path', () => {
  test.each(['/usr/sbin/first', '/sbin/first', '/usr/bin/first', '/bin/first'])('%s', (path) => {
    withTools({ [path]: '', '/usr/sbin/second': '' });
    expect(findTool(TOOL)).toBe(path);
  });

  test('takes the first directory that has it, and its second name only if the first is nowhere', () => {
    withTools({ '/bin/first': '', '/sbin/first': '', '/usr/sbin/second': '' });
    expect(findTool(TOOL)).toBe('/sbin/first');
    withTools({ '/bin/second': '' });
    expect(findTool(TOOL)).toBe('/bin/second');
    withTools({ '/usr/local/sbin/first': '' });
    expect(findTool(TOOL)).toBeUndefined();
  });

  test('takes the iptables-save of one half of the kernel, by the target of its link', () => {
    const plain = { '/usr/sbin/iptables-save': '' };
    withTools(plain, 0, { '/usr/sbin/iptables-save': '/usr/sbin/xtables-nft-multi' });
    expect([TOOLS.foreignRules, TOOLS.legacyRules].map(findTool)).toEqual(['/usr/sbin/iptables-save', undefined]);
    withTools(plain, 0, { '/usr/sbin/iptables-save': '/usr/sbin/xtables-legacy-multi' });
    expect([TOOLS.foreignRules, TOOLS.legacyRules].map(findTool)).toEqual([undefined, '/usr/sbin/iptables-save']);
    withTools(plain);
    expect([TOOLS.foreignRules, TOOLS.legacyRules].map(findTool)).toEqual([undefined, '/usr/sbin/iptables-save']);
  });
});

describe('a run', () => {
  test('has its own arguments, then those of the run, in a namespace', () => {
    const lines = withTools({ '/sbin/first': 'said', '/bin/nsenter': '' });
    const root = rootOf({});
    expect(runTool(root, { ...RUN, args: ['y'] }, asText)).toEqual(ok('undefined said', 'it'));
    runTool(root, { ...RUN, enter: ['/bin/nsenter', '--net=/x'] }, asText);
    expect(lines).toEqual(['/sbin/first -x y', '/bin/nsenter --net=/x /sbin/first -x']);
    expect(root.attempts).toMatchObject([{ source: 'it', bytes: 4 }, { source: 'it' }]);
  });

  test('ends with the program, if setpriv can see to it', () => {
    const line = '/sbin/first -x';
    const leash = (path: string) => `${path} --pdeathsig KILL`;
    const old = withTools({ '/sbin/first': '', '/sbin/setpriv': { status: 1 } });
    for (const _ of ['once', 'again']) runTool(rootOf({}), RUN, asText);
    expect(old).toEqual([`${leash('/sbin/setpriv')} /sbin/setpriv --version`, line, line]);
    const lines = withTools({ '/sbin/first': '', '/usr/bin/setpriv': '' });
    for (const _ of ['once', 'again']) runTool(rootOf({}), RUN, asText);
    const [probe, ...runs] = lines;
    expect(probe).toBe(`${leash('/usr/bin/setpriv')} /usr/bin/setpriv --version`);
    expect(runs).toEqual(Array(2).fill(`${leash('/usr/bin/setpriv')} ${line}`));
  });

  test.each<[string, number, number | undefined, number]>([
    ['its own time', 1e6, undefined, 5000],
    ['a shorter limit', 1e6, 20, 20],
    ['no longer limit', 1e6, 6000, 5000],
    ['never more than the time left', 7, 20, 7],
  ])('takes %s', (_, left, milliseconds, most) => {
    withTools({ '/sbin/first': '' });
    const run = milliseconds === undefined ? RUN : { ...RUN, milliseconds };
    runTool(rootOf({}, { left: () => left, elapsed: () => 0 }), run, asText);
    expect(children.run).toHaveBeenLastCalledWith('/sbin/first', ['-x'], { milliseconds: most, bytes: 10 });
  });

  test.each([
    [{ status: 3 }, ok('exit status 3 ', 'it')],
    [{ status: undefined }, ok('exit status null ', 'it')],
    [{ errno: 'ENOBUFS' }, ok('ENOBUFS ', 'it')],
    [{ errno: 'ENOENT' }, fault('tool-missing', 'it')],
    [{ errno: 'ETIMEDOUT' }, fault('timeout', 'it')],
  ])('that ends with %j', (result, reading) => {
    withTools({ '/sbin/first': result });
    const root = rootOf({});
    expect(runTool(root, RUN, asText)).toEqual(reading);
    // Its own limit has passed, not the command's.
    expect(root.late()).toBeUndefined();
  });

  test('that the deadline ends is reported as what the command was waiting for', () => {
    let left = 5;
    withTools({
      '/sbin/first': () => {
        left = 0;
        return { errno: 'ETIMEDOUT' };
      },
    });
    const root = rootOf({}, { left: () => left, elapsed: () => 0 });
    expect(runTool(root, RUN, asText)).toEqual(fault('timeout', 'it'));
    expect(root.late()).toEqual({ kind: 'timeout', source: 'it' });
    expect(runTool(root, RUN, asText)).toEqual(fault('timeout', 'it'));
    expect(children.run).toHaveBeenCalledTimes(1);
  });
});

test.each<[string, Tool, number, object]>([
  ['not installed', { ...TOOL, programs: ['third'] }, 0, { kind: 'tool-missing' }],
  ["root's", { ...TOOL, user: 'root' }, 1000, { kind: 'denied' }],
  [
    'what would load a module',
    { ...TOOL, needs: ['nf_tables'] },
    0,
    { kind: 'would-load-module', detail: 'nf_tables' },
  ],
])('is not run: %s', (_, tool, user, why) => {
  const lines = withTools({ '/sbin/first': '' }, user);
  const root = rootOf({ 'proc/modules': 'nf_conntrack 1 0\n' });
  expect(toolLine(root, { tool, source: 'it' })).toEqual({ ...why, source: 'it' });
  expect(runTool(root, { tool, source: 'it' }, asText)).toEqual({ ok: false, fault: { ...why, source: 'it' } });
  expect(lines).toEqual([]);
});

describe('a tool whose output is read while it runs', () => {
  const shell = (script: string, milliseconds = 60_000) =>
    startTool({ tool: { ...TOOL, milliseconds }, source: 'it' }, ['/bin/sh', '-c', script]);

  test('reports failure and success', async () => {
    expect(await shell('exit 0').ended()).toBeUndefined();
    expect(await shell('exit 3').ended()).toEqual({ kind: 'tool-failed', source: 'it', detail: 'exit status 3' });
    withTools({});
    const none = startTool(RUN, ['/nowhere']);
    expect(await none.ended()).toEqual({ kind: 'missing', source: 'it' });
  });

  test('is killed at its time limit, and its list ends', async () => {
    const running = shell('exec sleep 60', 50);
    expect(await running.stdout.next()).toBeUndefined();
    expect(await running.ended()).toEqual({ kind: 'timeout', source: 'it' });
  });

  test('leaves no timer once it is closed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const running = shell('exec sleep 60');
    expect(vi.getTimerCount()).toBe(1);
    running.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
