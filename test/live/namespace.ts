// Network namespaces with tracking enabled, and the limit that all of them share.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Answer, command, RUN } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';
import { nameOf } from './guard.ts';

const TRAFFIC = join(__dirname, 'traffic.cjs');
const MAX = '/proc/sys/net/netfilter/nf_conntrack_max';
/** Writable only in the initial namespace. */
export const HASHSIZE = '/sys/module/nf_conntrack/parameters/hashsize';
const RULES = `table inet tracking {
  chain output {
    type filter hook output priority 0;
    ct state new accept
  }
}`;
export const NOBODY: readonly string[] = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

/** The prefix of the names of this run's namespaces; its guard removes every namespace with it. */
export const PREFIX = `check-conntrack-${nameOf(process.env['CHECK_CONNTRACK_RUN'] ?? '')}-`;

// In a mount namespace that ends with the command: other namespaces are unmounted, and their processes hidden.
const WITHOUT_OTHERS = `{
  ours=$(stat -L -c 'net:[%i]' /proc/self/ns/net /run/netns/${PREFIX}*)
  awk '/ - nsfs /{ print $5 }' /proc/self/mountinfo | grep -v '^/run/netns/${PREFIX}' |
    while read -r path; do umount "$(printf %b "$path")"; done
  find /proc/[0-9]*/ns/net -printf '%l %h\\n' | grep -vF "$ours" |
    while read -r _ path; do mount -t tmpfs none "\${path%/ns}"; done
} 2>/dev/null
exec "$@"`;

/** Returns the words that run a command which sees only the initial namespace and those of this run. */
export function withoutOthers(...line: readonly string[]): readonly [string, ...string[]] {
  return ['unshare', '--mount', 'sh', '-c', WITHOUT_OTHERS, 'sh', ...line];
}

let made = 0;

/**
 * Creates a namespace that is removed after the test; its entries are flushed first, because the kernel frees those of
 * a namespace late.
 */
export function trackingNamespace(): string {
  made += 1;
  const name = `${PREFIX}${process.pid}-${made}`;
  execFileSync('ip', ['netns', 'add', name]);
  onTestFinished(() => {
    inside(name, 'conntrack', '-F');
    command('ip', ['netns', 'del', name]);
  });
  inside(name, 'ip', 'link', 'set', 'lo', 'up');
  execFileSync('ip', ['netns', 'exec', name, 'nft', '-f', '-'], { input: RULES });
  return name;
}

export function inside(namespace: string, ...line: readonly string[]): Answer {
  return command('ip', ['netns', 'exec', namespace, ...line]);
}

export function pluginInside(namespace: string, ...args: readonly string[]): Answer {
  return inside(namespace, ...RUN, ...args);
}

export function pluginAsNobodyInside(namespace: string, ...args: readonly string[]): Answer {
  return inside(namespace, ...NOBODY, ...RUN, ...args);
}

/** Starts a process that stays until the test is over, in a namespace or, without one, in ours. Returns its number. */
export async function processInside(
  namespace: string | undefined,
  line: readonly string[] = ['sleep', '600'],
  name = 'sleep',
): Promise<number> {
  const enter = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace];
  const [file = '', ...args] = [...enter, ...line];
  const child = spawn(file, args, { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const pid = child.pid ?? 0;
  // The wrapper becomes the command, and is in the namespace from then on.
  while (!readFileSync(`/proc/${pid}/comm`, 'latin1').startsWith(name)) await pause(5);
  return pid;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Returns the number of entries that conntrack(8) counts in the namespace. */
export function toolCount(namespace: string): number {
  return Number(inside(namespace, 'conntrack', '-C').stdout);
}

/** Returns a counter of `conntrack -S`, over all CPUs. */
export function toolCounter(namespace: string, name: string): number {
  const { stdout } = inside(namespace, 'conntrack', '-S');
  const values = Array.from(stdout.matchAll(new RegExp(` ${name}=(\\d+)`, 'g')), ([, digits]) => Number(digits));
  return values.reduce((sum, value) => sum + value, 0);
}

/** Sends datagrams to `count` ports, for `count` entries. */
export function sendDatagrams(namespace: string, count: number, firstPort = 10_000): void {
  inside(namespace, process.execPath, TRAFFIC, 'udp', String(count), String(firstPort));
}

/** Runs traffic.cjs in the background until the test is over; returns its process number once it has started. */
export async function traffic(namespace: string, ...args: readonly string[]): Promise<number> {
  const line = ['netns', 'exec', namespace, process.execPath, TRAFFIC, ...args];
  const child = spawn('ip', line, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child.pid ?? 0;
}

/** Adds `count` entries without a packet; every tenth has the source 10.9.9.9, each other one its own. */
export function loadEntries(namespace: string, count: number): void {
  const line = (at: number): string => {
    const source = at % 10 === 0 ? '10.9.9.9' : `11.${at >> 16}.${(at >> 8) & 255}.${at & 255}`;
    const ports = [1024 + (at % 60_000), 1 + Math.floor(at / 60_000)];
    const reply = `-r 192.0.2.1 -q ${source} --reply-port-src ${ports[1]} --reply-port-dst ${ports[0]}`;
    return `-A -t 3000 -u SEEN_REPLY -p udp -s ${source} -d 192.0.2.1 --sport ${ports[0]} --dport ${ports[1]} ${reply}\n`;
  };
  const list = join(scratch(), 'entries');
  writeFileSync(list, Array.from({ length: count }, (_, at) => line(at)).join(''));
  inside(namespace, 'conntrack', '-R', list);
}

/** Opens `count` connections until the test is over, for entries that are not evicted. */
export async function holdConnections(namespace: string, count: number): Promise<void> {
  const line = ['netns', 'exec', namespace, process.execPath, TRAFFIC, 'tcp', String(count)];
  const child = spawn('ip', line, { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => ended(child));
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', reject);
  });
}

/** Sets the limit of the whole machine until the test is over. */
export function limitTo(limit: number): void {
  keep(MAX);
  writeFileSync(MAX, String(limit));
}

/** Restores a setting after the test; if the run is killed, its guard restores those that it knows. */
export function keep(path: string): void {
  const before = readFileSync(path, 'latin1').trim();
  onTestFinished(() => writeFileSync(path, before));
}

/** Sets the number of buckets of the whole machine until the test is over. */
export function hashsizeTo(buckets: number): void {
  keep(HASHSIZE);
  writeFileSync(HASHSIZE, String(buckets));
}

function ended(child: ChildProcess): Promise<void> {
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.stdin?.end();
  return exited;
}
