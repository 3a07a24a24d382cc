// The addresses of a network namespace itself: who sends from one of them is a process in it.
//   /proc/<pid>/net/fib_trie    net/ipv4/fib_trie.c: `|-- 10.0.0.7` and below it `/32 host LOCAL`
//   /proc/<pid>/net/if_inet6    net/ipv6/addrconf.c: 32 digits, and what else is known of it

import { netFolder } from '../../kernel/namespaces/nsenter.ts';
import type { Root } from '../../kernel/root.ts';
import type { Namespace } from '../../model/table.ts';

const LIMIT = 1 << 22;

/** As signed 32-bit words with commas; empty where they cannot be read. */
export function readOwnAddresses(root: Root, namespace: Namespace): ReadonlySet<string> {
  const folder = netFolder(root, namespace);
  if (folder === undefined) return new Set();
  const four = root.read(`${folder}/fib_trie`, LIMIT, (text) => ({ ok: true, value: parseLocalIpv4(text) }));
  const six = root.read(`${folder}/if_inet6`, LIMIT, (text) => ({ ok: true, value: parseIpv6(text) }));
  return new Set([...(four.ok ? four.value : []), ...(six.ok ? six.value : [])]);
}

export function parseLocalIpv4(text: string): readonly string[] {
  const found = text.matchAll(/\|-- (\d+)\.(\d+)\.(\d+)\.(\d+)\n\s+\/32 host LOCAL/g);
  return Array.from(found, ([, ...octets]) => String(octets.reduce((word, octet) => (word << 8) | Number(octet), 0)));
}

export function parseIpv6(text: string): readonly string[] {
  return Array.from(text.matchAll(/^([0-9a-f]{8})([0-9a-f]{8})([0-9a-f]{8})([0-9a-f]{8}) /gm), ([, ...words]) =>
    words.map((word) => Number.parseInt(word, 16) | 0).join(','),
  );
}
