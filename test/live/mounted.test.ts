// Every fixture, read as a live machine: the output there equals that of --root on the same files. A captured tree
// takes other paths through the code, so no transcript of it covers a live machine.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TOP } from '../e2e/support/plugin.ts';
import { liveSuite } from './parts.ts';
import { type Mounted, mounted } from './support/mounted.ts';

const TREES = readdirSync(join(TOP, 'fixtures')).filter(
  (name) => /-(?:capture|synthetic)$/.test(name) && !name.startsWith('entries-'),
);
const MASTER = { MUNIN_CAP_MULTIGRAPH: '1', netns: 'all' };
const COMMANDS: readonly (readonly [args: readonly string[], env?: NodeJS.ProcessEnv])[] = [
  [[]],
  [['-vvv']],
  [['--netns', 'all', '-v']],
  [['--netns', 'all', '--format', 'json']],
  [['--format', 'prometheus']],
  [['plan']],
  [['plan', '--format', 'json']],
  [['report', '--interval', '0.1']],
  [['report', '--interval', '0.1', '--format', 'json']],
  [['munin', 'config'], MASTER],
  [['munin'], MASTER],
];
const HISTORY = ['--state-dir', '/state', '-c', 'drop_rate=5', '-w', 'time_to_full=15m:', '--netns', 'all', '-v'];

/**
 * A difference between the two, with its reason: the pattern is replaced on both sides; some apply only to the named
 * trees.
 */
interface Difference {
  readonly why: string;
  readonly same: readonly (readonly [original: RegExp, becomes: string])[];
  readonly of?: (root: string) => boolean;
}

const DIFFERENCES: readonly Difference[] = [
  {
    why: 'a captured tree is called one, and is one namespace',
    same: [
      [/\b(?:this tree|the host|this network namespace)\b/, 'it'],
      [/"view": "(?:captured|own)"/, ''],
      [/, a captured tree shows no other\b/, ''],
      [/"processes": "(?:tree|all)"/, ''],
    ],
  },
  {
    why: 'the kernel log of a captured tree is not looked for; here there is no /dev',
    same: [
      [/ Kernel log: cannot read \/dev\/kmsg: no such file\./, ''],
      [/"(?:did not read \/dev\/kmsg: not requested|cannot read \/dev\/kmsg: no such file)"/, ''],
    ],
  },
  {
    why: 'a machine has tools for what its kernel has no file of; here none is installed',
    same: [
      [
        /cannot (?:read \/proc\/net\/(?:stat\/)?(?:nf|ip)_conntrack: no such file|run conntrack -[LS]: not installed)/,
        'nothing',
      ],
    ],
  },
  {
    why: 'a list may have been captured apart',
    same: [[/ If a list was captured too, give it with --entries FILE\./, '']],
  },
  {
    why: 'a machine is looked at twice, and can be looked at again',
    same: [
      [/ New: 0 entries that were not there [\d.]+ s before\./, ''],
      [/"kind": "(?:fresh|new)", "seconds": [\d.]+,/, ''],
      [/ Run this again while connections fail, or let it run: --watch\./, ''],
    ],
  },
  {
    why: 'a list that is read twice shows that nothing is added: a port that only idles is left as it is',
    of: (root) => ['nf', 'ip'].some((prefix) => existsSync(join(root, `proc/net/${prefix}_conntrack`))),
    same: [
      [/ What to do .*$/, ''],
      [/"advice": \[.*\](?=, "elsewhere": )/, ''],
    ],
  },
  {
    why: 'where the kernel threads do not show, there may be more',
    of: isContainer,
    same: [
      [/"processes": "container"/, ''],
      [/,? all that this container can see/, ''],
      [/ there may be other namespaces, outside this PID namespace\.?/, ''],
    ],
  },
  {
    why: 'of OpenVZ a thread shows that this is a container, which no file of a tree does',
    of: (root) => isContainer(root) && existsSync(join(root, 'proc/2')),
    same: [
      [/"initial_namespace": (?:null|false)/, ''],
      [/ configured limit not judged: not known whether this is the initial network namespace/, ''],
    ],
  },
  {
    why: 'a history is known by the namespace, or by the path of the tree',
    same: [[/\(\S*\/(?:net-\d+|tree-[0-9a-f]+)-[0-9a-f]+-300\.json\)/, '(history)']],
  },
];

/** For kernels with namespaces. */
function isContainer(root: string): boolean {
  const thread = join(root, 'proc/2/stat');
  const isShown = existsSync(thread) && readFileSync(thread, 'latin1').includes('(kthreadd)');
  return existsSync(join(root, 'proc/1/net')) && !isShown;
}

const used = new Set<RegExp>();

function canonical(root: string, text: string): readonly string[] {
  // Reports are wrapped, and the two differ in the files read and the timings.
  let output = text.replace(/\n[^\n]*, [\d.]+ ms(?=\n)/g, '').replace(/\s+/g, ' ');
  for (const { same } of DIFFERENCES.filter(({ of }) => of?.(root) !== false))
    for (const [original, becomes] of same) {
      if (original.test(output)) used.add(original);
      output = output.replace(new RegExp(original, 'g'), becomes);
    }
  // Split, so that a difference is easy to see.
  return output.split(/(?<=[,.;|]) /);
}

async function expectSame({ root, live, captured }: Mounted, args: readonly string[], env?: NodeJS.ProcessEnv) {
  const [there, here] = await Promise.all([live(args, env), captured(args, env)]);
  expect(canonical(root, there), args.join(' ')).toEqual(canonical(root, here));
  return there;
}

liveSuite('every fixture as a running machine', ['/usr/bin/unshare', '/usr/sbin/chroot'], () => {
  test.each(TREES)('%s', async (name) => {
    const machine = mounted(name);
    await Promise.all(COMMANDS.map(([args, env]) => expectSame(machine, args, env)));
  });

  test.each(TREES)('two runs with history: %s', async (name) => {
    const machine = mounted(name);
    await expectSame(machine, HISTORY);
    const hasCounters = passTime(machine.root);
    const output = await expectSame(machine, HISTORY);
    // 600 in a minute.
    if (hasCounters) expect(output).toMatch(/^CONNTRACK CRITICAL - .* drop_rate=10;/);
  });

  test('allows no difference that does not occur', () => {
    const patterns = DIFFERENCES.flatMap(({ same }) => same.map(([pattern]) => pattern));
    expect(patterns.filter((pattern) => !used.has(pattern))).toEqual([]);
  });
});

/** A minute later 600 packets were dropped. */
function passTime(root: string): boolean {
  change(root, 'proc/uptime', (text) => text.replace(/^[\d.]+/, (seconds) => (Number(seconds) + 60).toFixed(2)));
  return ['nf', 'ip'].some((prefix) => change(root, `proc/net/stat/${prefix}_conntrack`, dropped));
}

function change(root: string, path: string, changed: (text: string) => string): boolean {
  const file = join(root, path);
  if (!existsSync(file)) return false;
  writeFileSync(file, changed(readFileSync(file, 'latin1')));
  return true;
}

// On the first CPU.
function dropped(text: string): string {
  const [header = '', first = '', ...others] = text.split('\n');
  const cells = first.split(' ');
  const place = header.split(' ').indexOf('drop');
  cells[place] = (Number.parseInt(cells[place] ?? '', 16) + 600).toString(16).padStart(8, '0');
  return [header, cells.join(' '), ...others].join('\n');
}
