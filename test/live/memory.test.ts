// The plugin's memory figures against the kernel's slab caches: the objects that filling a table adds. Covers each
// setting that makes entries larger, and some that only seem to.

import { spawn } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { command, RUN } from '../e2e/support/plugin.ts';
import {
  inside,
  limitTo,
  NOBODY,
  pluginInside,
  processInside,
  sendDatagrams,
  toolCount,
  trackingNamespace,
} from './namespace.ts';
import { liveSuite } from './parts.ts';
import { value } from './support/perfdata.ts';
import { BLOCK, entryBytes, slabObjects } from './support/slab.ts';

const PARTS = ['/proc/slabinfo', '/usr/sbin/conntrack', '/usr/sbin/nft', '/usr/sbin/ip', '/usr/bin/perl'];
const ENTRIES = 100_000;
const SETTINGS = '/proc/sys/net/netfilter/nf_conntrack_';
// One datagram, and so one entry, to each of 65 536 addresses and ports.
const SEND = `use Socket; socket(S, PF_INET, SOCK_DGRAM, 17);
for (0 .. $ARGV[0] - 1) { send(S, "x", 0, pack_sockaddr_in(1000 + ($_ >> 16), pack("N", 0x0a090000 | $_ & 0xffff))) }`;

type Prepare = (namespace: string) => void | Promise<void>;

const set =
  (name: string, setting = 1): Prepare =>
  (namespace) =>
    void inside(namespace, 'sh', '-c', `echo ${setting} >${SETTINGS}${name}`);

const rules =
  (...lines: readonly string[]): Prepare =>
  (namespace) => {
    for (const line of lines) expect(inside(namespace, 'nft', line)).toMatchObject({ status: 0 });
  };

const NAT = ['add table ip n', 'add chain ip n post { type nat hook postrouting priority 100; }'];
const ZONE = [
  'add chain inet tracking raw { type filter hook output priority -300; }',
  'add rule inet tracking raw ct zone set 7',
];
const masquerade = rules(...NAT, 'add rule ip n post masquerade');

/** Listens for events until the test is over. */
async function listen(namespace: string): Promise<void> {
  const child = spawn('ip', ['netns', 'exec', namespace, 'conntrack', '-E'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  while (!inside(namespace, 'cat', '/proc/net/netlink').stdout.includes(' 00000007 ')) await pause(20);
}

/** Extension blocks per entry. */
type Blocks = 0 | 1;
type Case = readonly [string, Blocks, 'exact' | 'up_to', Prepare];
const CASES: readonly Case[] = [
  ['nothing', 0, 'exact', () => undefined],
  ['accounting', 1, 'exact', set('acct')],
  ['timestamps', 1, 'exact', set('timestamp')],
  ['events', 1, 'exact', set('events')],
  ['a listener', 1, 'exact', listen],
  ['a listener in another namespace', 1, 'exact', () => listen(trackingNamespace())],
  ['a rule about labels that matches nothing', 1, 'exact', rules('add rule inet tracking output ct label 1 accept')],
  ['a nat chain, and nothing translated', 0, 'exact', rules(...NAT)],
  ['masquerade', 1, 'up_to', masquerade],
  ['a zone', 0, 'exact', rules(...ZONE)],
];
// The standalone executable computes this with the same code; only running a child differs.
const SETTLED = process.env['CHECK_CONNTRACK_EXECUTABLE'] === undefined ? CASES : CASES.slice(-3);

liveSuite('memory of the running kernel', PARTS, () => {
  test.each(SETTLED)('%s', async (_, blocks, certainty, prepare) => {
    const namespace = await routed();
    await prepare(namespace);
    const came = await filled(namespace);
    expect(Math.abs(came.entries / ENTRIES - 1)).toBeLessThan(0.02);
    // Other parts of the kernel allocate blocks of this size too, but not one for every fifth entry in the same moment.
    expect(Math.abs(came.blocks / ENTRIES - blocks)).toBeLessThan(0.2);

    const held = ENTRIES * (entryBytes() + blocks * BLOCK);
    // The plan reads rules and listeners, which a check has no time for.
    const planned = JSON.parse(
      pluginInside(namespace, 'plan', '--max', String(2 * ENTRIES), '--format', 'json').stdout,
    );
    const { memory } = planned.plan;
    expect(memory.certainty).toBe(certainty);
    expect((memory.objects_bytes + memory.extensions_bytes) / (2 * held)).toBeCloseTo(1, 2);

    const [plain, detailed] = [pluginInside(namespace), pluginInside(namespace, '-v')];
    expect(detailed.stdout.split('\n')[0]).toBe(plain.stdout.trimEnd());
    const share = value(plain, 'slab') / held;
    if (plain.stdout.includes(' at least ')) expect(share).toBeLessThan(1.01);
    else expect(share).toBeCloseTo(1, 2);
  });

  test('another namespace, in the report: its own switches and rules', async () => {
    const namespace = trackingNamespace();
    await rules('add rule inet tracking output ct label 1 accept')(namespace);
    await processInside(namespace);
    sendDatagrams(namespace, 20_000);
    const line = [...RUN, 'report', '--format', 'json', '--interval', '0.1'];
    const memory = (before: readonly string[]) =>
      JSON.parse(command('env', [...before, ...line]).stdout).report.incident.memory;
    expect(memory([])).toMatchObject({ certainty: 'exact', slab_now_bytes: 20_000 * 384 });
    expect(memory(NOBODY)).toMatchObject({ certainty: 'at_least', slab_now_bytes: 20_000 * 256 });
  });

  test('a check runs no child for it, whatever it prints, and says at least', () => {
    const namespace = trackingNamespace();
    const answer = pluginInside(namespace, '-vv');
    expect(answer.stdout).toContain(' at least ');
    expect(answer.stdout).not.toContain('nft list ruleset');
    expect(pluginInside(namespace, 'plan', '-vv').stdout).toContain('read nft list ruleset: ');
  });
});

/** Fills the table; returns the objects that were added with the entries. */
async function filled(namespace: string): Promise<ReturnType<typeof slabObjects>> {
  limitTo(2 * ENTRIES);
  set('udp_timeout', 600)(namespace);
  await settled();
  const before = slabObjects();
  inside(namespace, 'perl', '-e', SEND, String(ENTRIES));
  const after = slabObjects();
  expect(toolCount(namespace)).toBe(ENTRIES);
  return { entries: after.entries - before.entries, blocks: after.blocks - before.blocks };
}

/** Returns a namespace that sends to 10.9.0.0/16; another one drops the packets. */
async function routed(): Promise<string> {
  const [namespace, sink] = [trackingNamespace(), trackingNamespace()];
  inside(sink, 'nft', 'flush ruleset');
  const wire = ['link', 'add', 'w0', 'type', 'veth', 'peer', 'name', 'w1', 'netns', sink];
  inside(namespace, 'ip', ...wire);
  for (const [where, name] of [
    [namespace, 'w0'],
    [sink, 'w1'],
  ] as const)
    inside(where, 'ip', 'link', 'set', name, 'up', 'arp', 'off');
  inside(namespace, 'ip', 'address', 'add', '10.8.0.1/24', 'dev', 'w0');
  inside(namespace, 'ip', 'route', 'add', '10.9.0.0/16', 'dev', 'w0');
  return namespace;
}

/** Waits until the kernel has freed the entries of deleted namespaces, which happens late and all at once. */
async function settled(): Promise<void> {
  for (let [last, calm] = [slabObjects().entries, 0]; calm < 5; ) {
    await pause(100);
    const { entries } = slabObjects();
    calm = entries < last - ENTRIES / 100 ? 0 : calm + 1;
    last = entries;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
