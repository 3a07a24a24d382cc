// The addresses of a network namespace itself: a process in it sends from them. If they are unknown, no rule against an
// address is advised.
//   /proc/<pid>/net/fib_trie    net/ipv4/fib_trie.c: `|-- 10.0.0.7` and below it `/32 host LOCAL`, at the end of all routes
//   /proc/<pid>/net/if_inet6    net/ipv6/addrconf.c: 32 digits, and what else is known of it
//   ip -4 -o addr show          a line per address, if fib_trie is too long, as on a router with a full table

import { enterOf, netFolder } from '../../kernel/namespaces/nsenter.ts';
import type { Root } from '../../kernel/root.ts';
import { runTool } from '../../kernel/run-tool.ts';
import { TOOLS } from '../../kernel/tools.ts';
import type { Reading } from '../../model/fault.ts';
import type { Namespace } from '../../model/table.ts';
import type { Holder } from '../list/holders.ts';

/** As signed 32-bit words with commas. */
export interface OwnAddresses {
  /** Undefined if they could not be read. */
  readonly ipv4: ReadonlySet<string> | undefined;
  readonly ipv6: ReadonlySet<string> | undefined;
}

const LIMIT = 1 << 22;
const IP_SOURCE = 'ip -4 -o addr show';

export function readOwnAddresses(root: Root, namespace: Namespace): OwnAddresses {
  const folder = netFolder(root, namespace);
  const routes = folder === undefined ? undefined : readLocalIpv4(root, `${folder}/fib_trie`);
  const ipv4 = routes ?? listedIpv4(root, namespace);
  return {
    ipv4: ipv4 && new Set(ipv4),
    ipv6: folder === undefined ? undefined : readIpv6(root, `${folder}/if_inet6`),
  };
}

/** Undefined if it is not known. */
export function isOwnAddress(own: OwnAddresses, holder: Pick<Holder, 'key' | 'ipv6'>): boolean | undefined {
  return isLoopback(holder) || (holder.ipv6 ? own.ipv6 : own.ipv4)?.has(holder.key.join());
}

export function isLoopback({ key, ipv6 }: Pick<Holder, 'key' | 'ipv6'>): boolean {
  const [first = 0] = key;
  return ipv6 ? key.join() === '0,0,0,1' : first >>> 24 === 127;
}

function readLocalIpv4(root: Root, path: string): readonly string[] | undefined {
  const read = root.read(path, LIMIT, (text) => ({ ok: true, value: parseLocalIpv4(text) }));
  // Every namespace has 127.0.0.1, once its loopback is up: a list without any address was not read to its end.
  return read.ok && read.value.length > 0 ? read.value : undefined;
}

function listedIpv4(root: Root, namespace: Namespace): readonly string[] | undefined {
  if (root.view === 'captured') return undefined;
  const enter = enterOf(root, namespace);
  if ('kind' in enter) return undefined;
  const run = { tool: TOOLS.addresses, source: IP_SOURCE, enter };
  const listed = runTool(root, run, ({ stdout, failure }): Reading<readonly string[]> => {
    if (failure !== undefined) return { ok: false, fault: { kind: 'io', source: IP_SOURCE, detail: failure } };
    return { ok: true, value: parseListedIpv4(stdout), source: IP_SOURCE };
  });
  return listed.ok ? listed.value : undefined;
}

// A kernel without IPv6 has no such file.
function readIpv6(root: Root, path: string): ReadonlySet<string> | undefined {
  const read = root.read(path, LIMIT, (text) => ({ ok: true, value: parseIpv6(text) }));
  if (read.ok) return new Set(read.value);
  return read.fault.kind === 'missing' && root.view !== 'captured' ? new Set() : undefined;
}

export function parseLocalIpv4(text: string): readonly string[] {
  return ipv4Words(text.matchAll(/\|-- (\d+)\.(\d+)\.(\d+)\.(\d+)\n\s+\/32 host LOCAL/g));
}

/** `2: eth0    inet 192.0.2.7/24 brd 192.0.2.255 scope global eth0\` */
export function parseListedIpv4(text: string): readonly string[] {
  return ipv4Words(text.matchAll(/^\d+: \S+ +inet (\d+)\.(\d+)\.(\d+)\.(\d+)[/ ]/gm));
}

function ipv4Words(found: Iterable<readonly string[]>): readonly string[] {
  return Array.from(found, ([, ...octets]) => String(octets.reduce((word, octet) => (word << 8) | Number(octet), 0)));
}

export function parseIpv6(text: string): readonly string[] {
  return Array.from(text.matchAll(/^([0-9a-f]{8})([0-9a-f]{8})([0-9a-f]{8})([0-9a-f]{8}) /gm), ([, ...words]) =>
    words.map((word) => Number.parseInt(word, 16) | 0).join(','),
  );
}
