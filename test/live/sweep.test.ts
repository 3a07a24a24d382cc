// Every network namespace of the machine that runs the tests: with processes and without, as root and as nobody. Also
// the output if not all of them are visible.

import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Answer, command, ENV, RUN } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';
import {
  holdConnections,
  inside,
  limitTo,
  NOBODY,
  PREFIX,
  processInside,
  sendDatagrams,
  toolCount,
  toolCounter,
  trackingNamespace,
  withoutOthers,
} from './namespace.ts';
import { liveSuite } from './parts.ts';
import { value } from './support/perfdata.ts';

const PARTS = [
  '/proc/sys/net/netfilter/nf_conntrack_count',
  '/usr/sbin/conntrack',
  '/usr/sbin/nft',
  '/usr/sbin/ip',
  '/usr/bin/nsenter',
  '/usr/bin/setpriv',
];
const USERS: readonly (readonly [string, readonly string[]])[] = [
  ['root', []],
  ['nobody', NOBODY],
];
const LINE = [...RUN, '--netns', 'all'];

function sweepAs(user: readonly string[], ...args: readonly string[]): Answer {
  const [file, ...line] = withoutOthers(...user, ...LINE, ...args);
  return command(file, line);
}

/** The same, including namespaces that are not of this run. */
function wholeSweepAs(user: readonly string[], ...args: readonly string[]): Answer {
  return command(ENV, [...user, ...LINE, ...args]);
}

liveSuite('every namespace of the running machine', PARTS, () => {
  describe('three namespaces: empty, in use, full with drops', () => {
    test.each(USERS)('the full one is named, with the right number of drops, as %s', async (_, user) => {
      const [empty, used, full] = [trackingNamespace(), trackingNamespace(), trackingNamespace()];
      const hosts = value(sweepAs(user), 'entries');
      const pids = [
        await processInside(empty),
        await processInside(used),
        await processInside(full),
        await processInside(full),
      ];
      const visible = value(sweepAs(user), 'netns_count');
      limitTo(200);
      await holdConnections(full, 200);
      sendDatagrams(used, 50);
      sendDatagrams(full, 40);

      const answer = sweepAs(user, '-v', '-c', 'drop=1000000');
      expect(answer).toMatchObject({ status: 2, stderr: '' });
      const count = toolCount(full);
      const dropped = toolCounter(full, 'drop');
      expect(dropped).toBeGreaterThanOrEqual(40);
      const label = (pid: number | undefined) => `namespace of sleep \\(pid ${pid}[^)]*\\)`;
      expect(answer.stdout).toMatch(
        new RegExp(`^CONNTRACK CRITICAL - ${label(pids[2])} is full: ${count} of 200; here \\d+ \\(`),
      );
      expect(answer.stdout).toMatch(
        new RegExp(`\\n${label(pids[2])}.*: ${count} entries \\(\\S+\\), drop ${dropped}[,\\n]`),
      );
      expect(answer.stdout).toMatch(new RegExp(`\\n${label(pids[1])}.*: 50 entries \\(25\\.0%\\), drop 0\\n`));
      expect(answer.stdout).toMatch(new RegExp(`\\n${label(pids[0])}.*: 0 entries \\(0\\.0%\\), drop 0\\n`));
      expect(value(answer, 'netns_count')).toBe(visible);
      expect(value(answer, 'netns_usage')).toBe((100 * count) / 200);
      // The host's own entries, not those of the full namespace.
      expect(Math.abs(value(answer, 'entries') - hosts)).toBeLessThan(count / 2);
      expect(value(answer, 'drop')).toBe(value(sweepAs(user), 'drop'));
    });

    test.each(USERS)('a loss in another namespace has the words of the rate, as %s', async (_, user) => {
      const [full, state] = [trackingNamespace(), scratch()];
      command('chmod', ['1777', state]);
      const pid = await processInside(full);
      limitTo(100);
      await holdConnections(full, 100);
      const args = ['--state-dir', state, '-w', 'usage=~:', '-c', 'usage=~:'];
      expect(sweepAs(user, ...args)).toMatchObject({ status: 0, stderr: '' });
      const before = toolCounter(full, 'drop');
      sendDatagrams(full, 30);
      const lost = toolCounter(full, 'drop') - before;
      expect(lost).toBeGreaterThanOrEqual(30);
      const words = new RegExp(`namespace of sleep \\(pid ${pid}[^)]*\\): [^;]*${lost} packets dropped in the last `);
      expect(sweepAs(user, ...args).stdout).toMatch(words);
      const judged = sweepAs(user, ...args, '-c', 'drop_rate=0');
      expect(judged.status).toBe(2);
      expect(judged.stdout).toMatch(words);
      expect(value(judged, 'drop_rate')).toBe(0);
    });
  });

  test('a namespace with the inode of a deleted one does not inherit its losses', async () => {
    const state = scratch();
    const gone = trackingNamespace();
    await processInside(gone);
    limitTo(50);
    await holdConnections(gone, 50);
    sweepAs([], '--state-dir', state);
    const next = trackingNamespace();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await processInside(next);
    passOn(state, inodeOf(gone), inodeOf(next));
    sendDatagrams(next, 90);
    const answer = sweepAs([], '--state-dir', state, '-c', 'drop_rate=0', '-w', 'usage=~:');
    expect(answer.stdout).not.toContain('dropped in the last');
  });

  describe('namespaces that only a mount keeps', () => {
    test('as root they are entered, and named', () => {
      const kept = trackingNamespace();
      sendDatagrams(kept, 30);
      const answer = sweepAs([], '-v', '-w', 'entries=29');
      expect(answer.status).toBe(1);
      expect(answer.stdout).toMatch(
        new RegExp(`^CONNTRACK WARNING - namespace ${kept} \\(no process\\): entries 30 is above 29; `),
      );
      expect(answer.stdout).not.toContain(' of at least ');
    });

    test('a name is printed for those with processes too', async () => {
      const named = trackingNamespace();
      const pid = await processInside(named);
      sendDatagrams(named, 30);
      expect(sweepAs([], '-w', 'entries=29').stdout).toContain(`namespace of sleep (pid ${pid}, netns ${named}): `);
    });

    test('as nobody they are only counted, and the state stays', () => {
      const [kept] = [trackingNamespace(), trackingNamespace()];
      sendDatagrams(kept, 30);
      const answer = sweepAs(NOBODY, '-v', '-w', 'entries=29');
      expect(answer).toMatchObject({ status: 0, stderr: '' });
      const [, visible, there] = /, (\d+) of at least (\d+) namespaces, /.exec(answer.stdout) ?? [];
      expect(Number(there) - Number(visible)).toBe(2);
      expect(answer.stdout).toMatch(
        /\n\d+ namespaces are mounted; those without a process were not read \(root can\)\n/,
      );
    });

    test('any name is entered, or at least counted', () => {
      const before = value(wholeSweepAs([]), 'netns_count');
      for (const name of ['a blank', 'back\\slash', '\u00fcml\u00e4ut', '(a|b);$x', `line\nbreak`, 'x'.repeat(200)]) {
        const folder = join(scratch(), name);
        mkdirSync(folder);
        const place = join(folder, 'net');
        writeFileSync(place, '');
        const made = command('unshare', [`--net=${place}`, 'true']);
        expect(made).toMatchObject({ status: 0 });
        const answer = wholeSweepAs([], '-v');
        command('umount', [place]);
        expect(answer).toMatchObject({ status: 0, stderr: '' });
        expect(value(answer, 'netns_count')).toBe(before + 1);
        expect(answer.stdout).toMatch(/^[\n\x20-\x7e]*$/);
      }
    });

    test('500 of them at once', () => {
      const names = Array.from({ length: 500 }, (_, at) => `${PREFIX}many-${at}`);
      onTestFinished(() => void batch(names.map((name) => `netns del ${name}`)));
      batch(names.map((name) => `netns add ${name}`));
      const answer = sweepAs([]);
      expect(answer).toMatchObject({ status: 0, stderr: '' });
      expect(value(answer, 'netns_count')).toBeGreaterThan(500);
      expect(sweepAs(NOBODY).stdout).toMatch(/ of at least 50\d namespaces/);
    });

    test.each([
      ['refuses', 'echo "nsenter: cannot open $1: Permission denied" >&2; exit 1', 0, / of at least \d+ namespaces/],
      ['fails', 'exit 7', 3, /UNKNOWN - 1 of \d+ namespaces not read: cannot enter \/run\/netns\/\S+: exit status 7; /],
      [
        'prints invalid output',
        'echo secret',
        3,
        /UNKNOWN - 1 of \d+ namespaces not read: cannot use nsenter --net=\S+: /,
      ],
      ['hangs', 'exec sleep 60', 3, /UNKNOWN - timeout before reading nsenter --net=/],
      [
        'says that it is gone',
        'echo "cannot open: No such file or directory" >&2; exit 1',
        0,
        / of at least \d+ namespaces/,
      ],
      [
        'finds a file that is no longer a namespace',
        `echo "reassociate to namespace 'ns/net' failed: Invalid argument" >&2; exit 1`,
        0,
        / of at least \d+ namespaces/,
      ],
    ])('an nsenter that %s', (_, script, status, words) => {
      trackingNamespace();
      const answer = withTool('/usr/bin/nsenter', script, ...LINE, '--timeout', '5');
      expect(answer).toMatchObject({ status, stderr: '' });
      expect(answer.stdout).toMatch(words);
      expect(answer.stdout).not.toContain('secret');
    });
  });

  describe('a kernel without /proc/net/stat/nf_conntrack', () => {
    test('as root the table is read from inside', async () => {
      const namespace = trackingNamespace();
      limitTo(100);
      await holdConnections(namespace, 100);
      sendDatagrams(namespace, 20);
      const answer = withoutStatistics([await processInside(namespace)], {}, '-v');
      expect(answer).toMatchObject({ status: 2, stderr: '' });
      const dropped = toolCounter(namespace, 'drop');
      expect(answer.stdout).toMatch(
        new RegExp(`\\nnamespace of sleep .*: ${toolCount(namespace)} entries \\(.*, drop ${dropped}[,\\n]`),
      );
    });

    test('as nobody it is found but not read: UNKNOWN', async () => {
      const pid = await processInside(trackingNamespace());
      const answer = withoutStatistics([pid], { user: NOBODY }, '-v');
      expect(answer).toMatchObject({ status: 3, stderr: '' });
      const path = `/proc/${pid}/net/stat/nf_conntrack`;
      expect(answer.stdout).toMatch(
        new RegExp(`^CONNTRACK UNKNOWN - 1 of \\d+ namespaces not read: cannot read ${path}: no such file; here `),
      );
      expect(answer.stdout).toContain(
        `\nnot read: namespace of sleep (pid ${pid}): cannot read ${path}: no such file\n`,
      );
    });

    test('a readable table with a worse state decides', async () => {
      const full = trackingNamespace();
      const readable = await processInside(full);
      const pids = [readable, await processInside(trackingNamespace())];
      limitTo(50);
      await holdConnections(full, 50);
      const but = `cat /proc/${readable}/net/stat/nf_conntrack >"$1/${readable}/net/stat/nf_conntrack"`;
      const answer = withoutStatistics(pids, { user: NOBODY, but });
      expect(answer.status).toBe(2);
      expect(answer.stdout).toMatch(
        /^CONNTRACK CRITICAL - namespace of \S+ \(.*\) is full: .*; 1 of \d+ namespaces not read: /,
      );
    });
  });

  describe('hidden processes', () => {
    test.each(['1', '2', 'invisible', 'ptraceable'])(
      'a /proc with hidepid=%s: nobody sees only own processes',
      async (level) => {
        const full = trackingNamespace();
        await processInside(full);
        sendDatagrams(full, 30);
        const answer = withProc(`hidepid=${level}`, ...NOBODY, ...LINE, '-v', '-c', 'entries=29');
        expect(answer).toMatchObject({ status: 0, stderr: '' });
        expect(answer.stdout).toMatch(/^CONNTRACK OK - .*, own processes only, /);
        expect(answer.stdout).toMatch(
          /\nthere may be other namespaces: \/proc is mounted with hidepid=\w+ \(root sees all\)\n/,
        );
        const partial = withProc(`hidepid=${level}`, ...NOBODY, ...LINE, '--partial', 'warning');
        expect(partial.status).toBe(1);
        expect(partial.stdout).toMatch(/^CONNTRACK WARNING - not every namespace is visible; .*, own processes only\b/);
        expect(withProc(`hidepid=${level}`, ...LINE, '--partial', 'warning').status).toBe(0);
      },
    );

    test('a /proc that can be entered but not listed', async () => {
      const full = trackingNamespace();
      await processInside(full);
      sendDatagrams(full, 30);
      const script = 'mount -t proc proc /proc && chmod 0711 /proc && exec "$@"';
      const line = ['sh', '-c', script, 'sh', ...NOBODY, ...LINE, '-v', '-c', 'entries=29'];
      const answer = hidden('--mount', ...line);
      expect(answer).toMatchObject({ status: 0, stderr: '' });
      expect(answer.stdout).toMatch(/^CONNTRACK OK - .*, own processes only, /);
      expect(answer.stdout).toContain('\nthere may be other namespaces: /proc cannot be listed (root sees all)\n');
    });

    test.each<[string, readonly string[], string]>([
      ['root', [], 'hidepid=2'],
      ['members of its group', NOBODY, 'hidepid=2,gid=65534'],
    ])('not from %s', async (_, user, options) => {
      const full = trackingNamespace();
      await processInside(full);
      sendDatagrams(full, 30);
      const answer = withProc(options, ...user, ...LINE, '-c', 'entries=29');
      expect(answer.status).toBe(2);
      expect(answer.stdout).not.toContain('own processes only');
    });

    test('root without CAP_SYS_PTRACE is not exempt', () => {
      const poor = ['setpriv', '--bounding-set=-sys_ptrace', '--inh-caps=-sys_ptrace'];
      expect(withProc('hidepid=ptraceable', ...poor, ...LINE).stdout).toContain(', own processes only, ');
    });

    test('a PID namespace with its own /proc: the namespaces visible in this container', async () => {
      const full = trackingNamespace();
      await processInside(full);
      sendDatagrams(full, 30);
      const answer = hidden('--pid', '--fork', '--mount-proc', ...NOBODY, ...LINE, '-c', 'entries=29');
      expect(answer).toMatchObject({ stderr: '' });
      expect(answer.stdout).toMatch(/^CONNTRACK OK - .*, all that this container can see, /);
    });
  });

  test('a namespace made by nobody inside a user namespace', async () => {
    const visible = () => USERS.map(([, user]) => value(wholeSweepAs(user), 'netns_count'));
    const before = visible();
    const pid = await processInside(undefined, [
      ...NOBODY,
      ...['unshare', '--user', '--map-root-user', '--net', 'sleep', '600'],
    ]);
    expect(pid).toBeGreaterThan(0);
    expect(visible()).toEqual(before.map((count) => count + 1));
  });

  test('the host from inside a container: --root with its tree mounted', async () => {
    const [container, full] = [trackingNamespace(), trackingNamespace()];
    const pid = await processInside(full);
    sendDatagrams(full, 30);
    const root = scratch();
    const script = `mount --rbind / ${root} && exec ip netns exec ${container} "$@"`;
    const answer = hidden('--mount', 'sh', '-c', script, 'sh', ...LINE, '--root', root, '-w', 'entries=29');
    expect(answer).toMatchObject({ status: 1, stderr: '' });
    expect(answer.stdout).toMatch(
      new RegExp(`^CONNTRACK WARNING - namespace of sleep \\(pid ${pid}[^)]*\\): entries 30 is above 29; here `),
    );
  });

  test('a command name is printed only as far as it is harmless', async () => {
    const folder = scratch();
    const evil = join(folder, 'a|b;\n\u001b[31m)');
    copyFileSync('/bin/sleep', evil);
    const namespace = trackingNamespace();
    sendDatagrams(namespace, 30);
    const pid = await processInside(namespace, [evil, '600'], 'a|b');
    const answer = sweepAs(NOBODY, '-w', 'entries=29');
    expect(answer.stdout).toContain(`namespace of a?b????31m) (pid ${pid}): entries 30`);
  });

  test('the control group gives the pod or container', async () => {
    const hierarchy = existsSync('/sys/fs/cgroup/cgroup.controllers') ? '/sys/fs/cgroup' : '/sys/fs/cgroup/pids';
    const group = `${hierarchy}/docker-${'0123456789abcdef'.repeat(4)}.scope`;
    mkdirSync(group, { recursive: true });
    const namespace = trackingNamespace();
    const pid = await processInside(namespace);
    onTestFinished(() => {
      writeFileSync(`${hierarchy}/cgroup.procs`, String(pid));
      rmdirSync(group);
    });
    writeFileSync(join(group, 'cgroup.procs'), String(pid));
    sendDatagrams(namespace, 30);
    const answer = sweepAs(NOBODY, '-w', 'entries=29');
    expect(answer.stdout).toContain(`namespace of sleep (pid ${pid}, container 0123456789ab): entries 30 is above 29`);
  });

  test('ignores processes that come and go meanwhile', async () => {
    await processInside(undefined, ['sh', '-c', 'while :; do unshare --net true; done'], 'sh');
    for (let run = 0; run < 15; run++)
      expect(wholeSweepAs(run % 2 === 0 ? [] : NOBODY)).toMatchObject({ status: 0, stderr: '' });
  });
});

function batch(lines: readonly string[]): void {
  const path = join(scratch(), 'batch');
  writeFileSync(path, `${lines.join('\n')}\n`);
  expect(command('ip', ['-batch', path])).toMatchObject({ status: 0 });
}

function inodeOf(namespace: string): number {
  return Number(inside(namespace, 'stat', '-L', '-c', '%i', '/proc/self/net/stat').stdout);
}

// The kernel reuses a number at a time of its choice, so the test does it by hand.
function passOn(state: string, from: number, to: number): void {
  const folder = join(state, '0/check_conntrack');
  const name =
    command('ls', [folder])
      .stdout.split('\n')
      .find((entry) => entry.startsWith('all-')) ?? '';
  const text = readFileSync(join(folder, name), 'latin1');
  expect(text).toContain(`"net:${from}"`);
  const passed = text.replace(`"net:${to}"`, '"net:1"').replace(`"net:${from}"`, `"net:${to}"`);
  writeFileSync(join(folder, 'new'), passed, { mode: 0o600 });
  renameSync(join(folder, 'new'), join(folder, name));
}

/** Runs unshare(1) with other namespaces hidden. */
function hidden(...line: readonly string[]): Answer {
  const [file, ...args] = withoutOthers('unshare', ...line);
  return command(file, args);
}

/** Runs a command with a script in place of a tool. */
function withTool(tool: string, script: string, ...line: readonly string[]): Answer {
  const path = join(scratch(), 'tool');
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return hidden('--mount', 'sh', '-c', `mount --bind ${path} ${tool} && exec "$@"`, 'sh', ...line);
}

/** Runs a command with a new mount of /proc: remounting the old one would change the machine's options. */
function withProc(options: string, ...line: readonly string[]): Answer {
  const script = `mount -t proc -o ${options} proc /proc && exec "$@"`;
  return hidden('--mount', 'sh', '-c', script, 'sh', ...line);
}

interface Circumstances {
  readonly user?: readonly string[];
  /** A shell command that completes that /proc, which is `$1`. */
  readonly but?: string;
}

/** Runs the plugin with only these processes in /proc and without a statistics file, as on kernels without it. */
function withoutStatistics(
  pids: readonly number[],
  { user = [], but = ':' }: Circumstances,
  ...args: readonly string[]
): Answer {
  const script = [
    'mount -t tmpfs none "$1" && mkdir -p "$1/sys" "$1/self/net/stat" && mount --bind /proc/sys "$1/sys"',
    ...pids.map(
      (pid) => `mkdir -p "$1/${pid}/net/stat" "$1/${pid}/ns" && touch "$1/${pid}/ns/net" &&
        cat /proc/${pid}/stat >"$1/${pid}/stat" && mount --bind /proc/${pid}/ns/net "$1/${pid}/ns/net"`,
    ),
    but,
    'mount --rbind "$1" /proc && shift && exec "$@"',
  ].join(' && ');
  return hidden('--mount', 'sh', '-c', script, 'sh', scratch(), ...user, ...LINE, ...args);
}
