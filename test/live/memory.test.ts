// What the plugin says of memory, held against what the kernel says: SUnreclaim before and after a table is filled, in each
// setting that makes entries larger, and in some that look as if they did.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { command, RUN } from '../e2e/support/plugin.ts';
import {
  inside,
  NOBODY,
  pluginAsNobodyInside,
  pluginInside,
  processInside,
  sendDatagrams,
  toolCount,
  trackingNamespace,
} from './namespace.ts';
import { liveSuite } from './parts.ts';
import { value } from './support/perfdata.ts';

const PARTS = ['/proc/slabinfo', '/usr/sbin/conntrack', '/usr/sbin/nft', '/usr/sbin/ip', '/usr/bin/perl'];
const ENTRIES = 100_000;
const SETTINGS = '/proc/sys/net/netfilter/nf_conntrack_';
// To 65 536 addresses, a port after the other: one datagram, and one entry, each.
const SEND = `use Socket; socket(S, PF_INET, SOCK_DGRAM, 17);
for (0 .. $ARGV[0] - 1) { send(S, "x", 0, pack_sockaddr_in(1000 + ($_ >> 16), pack("N", 0x0a090000 | $_ & 0xffff))) }`;

type Prepare = (namespace: string) => void | Promise<void>;

const set =
  (name: string): Prepare =>
  (namespace) =>
    void inside(namespace, 'sh', '-c', `echo 1 >${SETTINGS}${name}`);

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

type Case = readonly [string, number, 'exact' | 'up to', Prepare];
const CASES: readonly Case[] = [
  ['nothing', 256, 'exact', () => undefined],
  ['accounting', 384, 'exact', set('acct')],
  ['timestamps', 384, 'exact', set('timestamp')],
  ['events', 384, 'exact', set('events')],
  ['a listener', 384, 'exact', listen],
  ['a listener in another namespace', 384, 'exact', () => listen(trackingNamespace())],
  ['a rule about labels that matches nothing', 384, 'exact', rules('add rule inet tracking output ct label 1 accept')],
  ['a nat chain, and nothing translated', 256, 'exact', rules(...NAT)],
  ['masquerade', 384, 'up to', masquerade],
  ['a zone', 256, 'exact', rules(...ZONE)],
];
// The other executable reads and reckons by the same code: what it does by means of its own is to run a child.
const SETTLED = process.env['CHECK_CONNTRACK_EXECUTABLE'] === undefined ? CASES : CASES.slice(-3);

liveSuite('memory of the running kernel', PARTS, () => {
  test.each(SETTLED)('%s', { retry: 2 }, async (_, perEntry, certainty, prepare) => {
    const namespace = await routed();
    await prepare(namespace);
    const { held, root, nobody, full } = await filled(namespace);
    expect(Math.abs(held / ENTRIES - perEntry) / perEntry).toBeLessThan(0.05);

    expect(Math.abs(value(root, 'slab') - held) / held).toBeLessThan(0.05);
    expect(root.stdout).toContain(`, ${certainty === 'exact' ? '' : 'up to '}${full} slab at max | `);
    // The same where a threshold stands on it, told or not.
    expect(value(pluginInside(namespace, '-w', 'slab=1TiB'), 'slab')).toBe(value(root, 'slab'));

    const said = value(nobody, 'slab');
    if (nobody.stdout.includes(' at least ')) expect(said).toBeLessThan(1.05 * held);
    else expect(Math.abs(said - held) / held).toBeLessThan(0.05);
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

  test('what is not asked for costs nothing: the check alone runs no child, and says at least', () => {
    const namespace = trackingNamespace();
    const answer = pluginInside(namespace);
    expect(answer.stdout).toContain(' at least ');
    expect(pluginInside(namespace, '-vv').stdout).toContain('read nft list ruleset: ');
  });
});

interface Filled {
  /** Bytes of slab that came with the entries. */
  readonly held: number;
  readonly root: ReturnType<typeof pluginInside>;
  readonly nobody: ReturnType<typeof pluginInside>;
  /** What a full table holds at this size of an entry, in words. */
  readonly full: string;
}

async function filled(namespace: string): Promise<Filled> {
  const before = await settled();
  inside(namespace, 'perl', '-e', SEND, String(ENTRIES));
  const held = unreclaimable() - before;
  expect(toolCount(namespace)).toBe(ENTRIES);
  const root = pluginInside(namespace, '-v');
  const nobody = pluginAsNobodyInside(namespace, '-v');
  return { held, root, nobody, full: `${(value(root, 'slab_max') / 2 ** 20).toFixed(1)} MiB` };
}

/** A namespace that sends to 10.9.0.0/16 what another one drops. */
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

/** SUnreclaim of meminfo(5). */
function unreclaimable(): number {
  const [, kib] = /^SUnreclaim: +(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'latin1')) ?? [];
  return 1024 * Number(kib);
}

// The entries of a namespace that is gone are given back a while later, all at once.
async function settled(): Promise<number> {
  for (let waited = 0; waited < 50 && tracked() > FEW; waited++) await pause(100);
  for (let [last, calm] = [unreclaimable(), 0]; ; ) {
    await pause(100);
    const now = unreclaimable();
    calm = Math.abs(now - last) < 65_536 ? calm + 1 : 0;
    if (calm === 5) return now;
    last = now;
  }
}

const FEW = 10_000;

/** Entries of all namespaces: the objects of slabinfo(5) that are in use. */
function tracked(): number {
  const [, objects] = /^nf_conntrack +(\d+) /m.exec(readFileSync('/proc/slabinfo', 'latin1')) ?? [];
  return Number(objects);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
