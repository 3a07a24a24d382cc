// Addresses and networks that a network namespace delivers to itself. A route of type local gives it every address of a
// network (AnyIP, `ip route add local 192.0.2.0/24 dev lo`), as does an address of lo with a prefix.
//   /proc/<pid>/net/fib_trie    net/ipv4/fib_trie.c: `|-- 10.0.0.7`, then `/32 host LOCAL`, for each routing table
//   /proc/<pid>/net/if_inet6    net/ipv6/addrconf.c: 32 digits, and what else is known of an address
//   /proc/<pid>/net/ipv6_route  net/ipv6/route.c: destination, prefix, source, gateway, three counts, flags, device
//   ip -o route show table local
//                               a line per route, if those are too long, as on a router with a full table

import type { Reading } from '../../model/fault.ts';
import type { Namespace } from '../../model/table.ts';
import type { Root } from '../root.ts';
import { runTool } from '../run-tool.ts';
import { TOOLS } from '../tools.ts';
import { enterOf } from './nsenter.ts';
import { addressKey } from './ssh-sessions.ts';

export interface LocalRoute {
  /** Signed 32-bit words. */
  readonly key: readonly number[];
  readonly prefix: number;
}

const LIMIT = 1 << 22;

/** Undefined if they cannot be read. `folder`: see netFolder(). */
type LocalRouteReader = (
  root: Root,
  namespace: Namespace,
  folder: string | undefined,
) => readonly LocalRoute[] | undefined;

export const readLocalIpv4: LocalRouteReader = (root, namespace, folder) => {
  const routes = folder === undefined ? undefined : readRoutes(root, `${folder}/fib_trie`, parseLocalIpv4);
  // Every namespace has 127.0.0.1, once its loopback is up: a list without any address was not read to its end.
  return routes?.ok && routes.value.length > 0 ? routes.value : listedRoutes(root, namespace, 'addresses');
};

export const readLocalIpv6: LocalRouteReader = (root, namespace, folder) => {
  if (folder === undefined) return listedRoutes(root, namespace, 'addresses6');
  const addresses = readRoutes(root, `${folder}/if_inet6`, parseIpv6);
  // A kernel without IPv6 has no such file.
  if (!addresses.ok) return addresses.fault.kind === 'missing' && root.view !== 'captured' ? [] : undefined;
  const read = readRoutes(root, `${folder}/ipv6_route`, parseLocalIpv6);
  const routes = read.ok ? read.value : listedRoutes(root, namespace, 'addresses6');
  return routes && [...addresses.value, ...routes];
};

function readRoutes(root: Root, path: string, parse: (text: string) => readonly LocalRoute[]) {
  return root.read(path, LIMIT, (text) => ({ ok: true, value: parse(text) }));
}

function listedRoutes(
  root: Root,
  namespace: Namespace,
  name: 'addresses' | 'addresses6',
): readonly LocalRoute[] | undefined {
  if (root.view === 'captured') return undefined;
  const enter = enterOf(root, namespace);
  if ('kind' in enter) return undefined;
  const tool = TOOLS[name];
  const source = [...tool.programs, ...tool.args].join(' ');
  const listed = runTool(root, { tool, source, enter }, ({ stdout, failure }): Reading<readonly LocalRoute[]> => {
    if (failure !== undefined) return { ok: false, fault: { kind: 'io', source, detail: failure } };
    return { ok: true, value: parseListedRoutes(stdout), source };
  });
  return listed.ok ? listed.value : undefined;
}

// Other routing tables than Main and Local hold for some packets only: a transparent proxy has one for all addresses.
export function parseLocalIpv4(text: string): readonly LocalRoute[] {
  const tables = text.split(/^(?=\S)/m).filter((table) => !table.startsWith('Id '));
  return tables.flatMap((table) =>
    Array.from(table.matchAll(/\|-- (\S+)\n((?: +\/\d+ [^\n]*\n?)*)/g)).flatMap(([, address = '', routes = '']) =>
      Array.from(routes.matchAll(/\/(\d+) \S+ LOCAL\b/g)).flatMap(([, prefix]) => routeTo(address, prefix)),
    ),
  );
}

/** `local 192.0.2.0/24 dev lo scope host` */
export function parseListedRoutes(text: string): readonly LocalRoute[] {
  return Array.from(text.matchAll(/^local ([\da-f.:]+)(?:\/(\d+))? /gm)).flatMap(([, address = '', prefix]) =>
    routeTo(address, prefix),
  );
}

function routeTo(address: string, prefix: string | undefined): readonly LocalRoute[] {
  const key = addressKey(address)?.split(',').map(Number);
  return key === undefined ? [] : [{ key, prefix: prefix === undefined ? 32 * key.length : Number(prefix) }];
}

export function parseIpv6(text: string): readonly LocalRoute[] {
  return Array.from(text.matchAll(/^([0-9a-f]{32}) /gm), ([, digits = '']) => ({
    key: wordsOfDigits(digits),
    prefix: 128,
  }));
}

// The file does not name the routing table. A route to all addresses belongs to a transparent proxy.
const LOCAL_ROUTE = /^([0-9a-f]{32}) ([0-9a-f]{2}) [0-9a-f]{32} [0-9a-f]{2} [0-9a-f]{32} (?:[0-9a-f]{8} ){3}[89a-f]/gm;

export function parseLocalIpv6(text: string): readonly LocalRoute[] {
  const routes = Array.from(text.matchAll(LOCAL_ROUTE), ([, digits = '', prefix = '']) => ({
    key: wordsOfDigits(digits),
    prefix: Number.parseInt(prefix, 16),
  }));
  return routes.filter(({ prefix }) => prefix > 0);
}

function wordsOfDigits(digits: string): readonly number[] {
  return (digits.match(/.{8}/g) ?? []).map((word) => Number.parseInt(word, 16) | 0);
}
