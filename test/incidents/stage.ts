// A staged incident: a sender whose packets stay between two namespaces, a namespace whose table is observed, and
// genuine clients that count their losses.

import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { type Answer, command } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';
import { HASHSIZE, inside, processInside, toolCount, toolCounter, trackingNamespace } from '../live/namespace.ts';
import { answerOf, type Report, report, STANDALONE } from './told.ts';

/** Parts of the machine that a staged incident and the advice for it need. */
export const STAGE_PARTS = [
  STANDALONE,
  HASHSIZE,
  ...['conntrack', 'iptables', 'iptables-legacy-save', 'nft', 'ip', 'sysctl'].map((tool) => `/usr/sbin/${tool}`),
  ...['perl', 'nsenter', 'ss'].map((tool) => `/usr/bin/${tool}`),
];
const FLOOD = join(__dirname, 'flood.pl');
const CLIENTS = join(__dirname, 'clients.cjs');
export const [SENDER, TARGET] = ['203.0.113.9', '203.0.113.1'];
/** Another address of the sender's namespace; no flood comes from it. */
export const CLIENT = '203.0.113.10';
/** The port of echo; no flood goes to it. */
const ECHO = '7';

export interface Stage {
  readonly sender: string;
  readonly namespace: string;
  /** A process in the namespace. */
  readonly pid: number;
}

/**
 * Makes a sender that tracks nothing, and a target whose table is observed. The target accepts all packets and answers
 * genuine clients after a delay in milliseconds.
 */
export async function stage(answerAfter = 0): Promise<Stage> {
  const [sender, namespace] = [trackingNamespace(), trackingNamespace()];
  done(inside(sender, 'nft', 'flush', 'ruleset'));
  const [far, near] = ['02:00:00:00:00:02', '02:00:00:00:00:01'];
  const peer = ['peer', 'name', 'near', 'address', near, 'netns', namespace];
  done(command('ip', ['link', 'add', 'far', 'address', far, 'netns', sender, 'type', 'veth', ...peer]));
  for (const [where, address, device, other, neighbour] of [
    [sender, SENDER, 'far', TARGET, near],
    [namespace, TARGET, 'near', SENDER, far],
  ] as const) {
    done(inside(where, 'ip', 'addr', 'add', `${address}/24`, 'dev', device));
    done(inside(where, 'ip', 'link', 'set', device, 'up'));
    done(inside(where, 'ip', ...`neigh add ${other} lladdr ${neighbour} dev ${device} nud permanent`.split(' ')));
  }
  done(inside(sender, 'ip', 'addr', 'add', `${CLIENT}/24`, 'dev', 'far'));
  done(inside(namespace, 'ip', ...`neigh add ${CLIENT} lladdr ${far} dev near nud permanent`.split(' ')));
  done(inside(namespace, 'ip', 'route', 'add', 'default', 'via', SENDER));
  done(inside(namespace, 'sysctl', '-q', '-w', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.near.rp_filter=0'));
  const pid = await processInside(namespace);
  const scene = { sender, namespace, pid };
  await answerAt(scene, ECHO, answerAfter);
  return scene;
}

export function reportOn({ pid }: Stage): Promise<Report> {
  return report('--pid', String(pid));
}

/** Answers at a port of the target until the test is over. */
export async function answerAt({ namespace }: Stage, port: string, after = 0): Promise<void> {
  await echoAt(namespace, TARGET, port, after);
}

export async function echoAt(namespace: string, address: string, port: string, after = 0): Promise<void> {
  await background(namespace, process.execPath, CLIENTS, 'echo', address, port, String(after));
}

/** Number of genuine clients that get no answer, counted by the clients and not by the kernel. */
export function lostByClients(scene: Stage, clients: number, port = ECHO): Promise<number> {
  return askedOf(scene, clients, TARGET, port);
}

/** Expects that genuine clients of that port lose packets. Answers that arrive do so long before a second is over. */
export async function expectLosses(scene: Stage, port = ECHO, address = TARGET): Promise<void> {
  expect(await askedOf(scene, 50, address, port, 1000)).toBeGreaterThan(5);
}

/** The number for another address; `patience` in milliseconds. */
export async function askedOf(
  { sender, namespace }: Stage,
  clients: number,
  address: string,
  port: string,
  patience = 3000,
): Promise<number> {
  const ask = [process.execPath, CLIENTS, 'ask', String(clients), address, port, CLIENT, String(patience)];
  const answer = await answerOf(['ip', 'netns', 'exec', sender, ...ask], 60_000 + 30 * clients);
  expect(answer).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\n$/) });
  // Removes their entries.
  inside(namespace, 'conntrack', '-D', '-p', 'udp', '--dport', port, '-s', CLIENT);
  return Number(answer.stdout);
}

/** Floods until the test is over; resolves once it has begun. */
export async function flood(
  { sender }: Stage,
  kind: 'syn' | 'udp',
  sources: string,
  port: number,
  rate: number,
  to = TARGET,
) {
  await background(sender, 'perl', FLOOD, kind, sources, to, String(port), String(rate));
}

/** Runs a command until the test is over; resolves at its first output. */
export async function background(namespace: string, ...line: readonly string[]): Promise<ChildProcess> {
  const child = spawn('ip', ['netns', 'exec', namespace, ...line], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child;
}

export function done(answer: Answer): void {
  expect(answer).toMatchObject({ status: 0 });
}

/** The tables that iptables creates for its first rule and never deletes. */
const EMPTY_TABLE = /^table ip6? (?:raw|mangle|filter) \{\n(?:\tchain \w+ \{\n\t\ttype [^\n]+\n\t\}\n\n?)*\}\n/gm;

/** Files and directories that advice tells to edit, and that no command may write. */
const CONFIGURATION = ['/etc/sysctl.conf', '/etc/sysctl.d', '/etc/modprobe.d', '/etc/modules-load.d'];

/**
 * All rules and conntrack sysctls of a namespace, as the tools print them, without counts; and the files of the
 * machine.
 */
export function settingsOf(namespace: string): string {
  const printed = (...line: readonly string[]) => {
    const answer = inside(namespace, ...line);
    done(answer);
    return answer.stdout
      .replace(/^# .*\n/gm, '')
      .replace(/counter packets \d+ bytes \d+/g, 'counter')
      .replace(/ \[\d+:\d+\]$/gm, '');
  };
  const sysctls = printed('sysctl', '-a', '--pattern', 'nf_conntrack_').replace(/^.*nf_conntrack_count.*\n/m, '');
  expect(sysctls).toContain('nf_conntrack_buckets = ');
  return [
    printed('nft', 'list', 'ruleset').replace(EMPTY_TABLE, ''),
    ...['iptables-legacy-save', 'ip6tables-legacy-save'].map((tool) => printed(tool)),
    sysctls,
    printed('sh', '-c', `find ${CONFIGURATION.join(' ')} -type f -exec cksum {} + 2>/dev/null | sort`),
  ].join('\n');
}

/** Adds connections to a database that have been idle for `seconds`, each for `longer` more than the one before. */
export function idle({ namespace }: Stage, count: number, seconds = 1000, longer = 0): void {
  const line = (at: number): string => {
    const [source, port] = [`10.2.${(at >> 8) % 4}.${at & 255}`, 1024 + (at % 60_000)];
    const reply = `-r 10.3.0.1 -q ${source} --reply-port-src 5432 --reply-port-dst ${port}`;
    const flow = `-p tcp --state ESTABLISHED -u SEEN_REPLY,ASSURED -s ${source} -d 10.3.0.1 --sport ${port} --dport 5432`;
    return `-A -t ${432_000 - seconds - longer * at} ${flow} ${reply}\n`;
  };
  const list = join(scratch(), 'idle');
  writeFileSync(list, Array.from({ length: count }, (_, at) => line(at)).join(''));
  inside(namespace, 'conntrack', '-R', list);
  expect(toolCount(namespace)).toBe(count);
}

/** Returns a count of the packets that match, by a rule of nft(8) before all others. */
export function counter({ namespace }: Stage, match: string): () => number {
  const chain = '{ type filter hook prerouting priority -400; }';
  done(inside(namespace, 'nft', `add table inet truth; add chain inet truth packets ${chain}`));
  done(inside(namespace, 'nft', `add rule inet truth packets ${match} counter`));
  return () => {
    const { stdout } = inside(namespace, 'nft', 'list', 'chain', 'inet', 'truth', 'packets');
    return Number(/counter packets (\d+)/.exec(stdout)?.[1]);
  };
}

/** Dropped, and removed to make room. */
export function roomless({ namespace }: Stage): number {
  return toolCounter(namespace, 'drop') + toolCounter(namespace, 'early_drop');
}

/** The same within a time in milliseconds. */
export async function roomlessIn(scene: Stage, milliseconds: number): Promise<number> {
  const before = roomless(scene);
  await pause(milliseconds);
  return roomless(scene) - before;
}

export function idleCount({ namespace }: Stage): number {
  const { stdout } = inside(namespace, 'conntrack', '-L', '-p', 'tcp', '--dport', '5432');
  return stdout.split('\n').filter(Boolean).length;
}

export async function untilRoomless(scene: Stage): Promise<void> {
  while (roomless(scene) === 0) await pause(50);
}
