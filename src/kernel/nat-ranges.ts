// The ranges of ports that a namespace's rules give to NAT, as nft(8) and iptables-save(8) print them:
//   snat to 192.0.2.1:1024-2047    masquerade to :1024-2047    --to-source 192.0.2.1:1024-2047    --to-ports 1024-2047

import { self } from '#system/self';
import type { Reading } from '../observation/fault.ts';
import type { Namespace } from '../observation/table.ts';
import { type Answer, runTool } from './child.ts';
import { enterLine } from './inside.ts';
import type { Root } from './root.ts';

/** Both ends belong to it. */
interface Range {
  readonly first: number;
  readonly last: number;
}

const LISTERS: readonly (readonly string[])[] = [
  ['/usr/sbin/nft', 'list', 'ruleset'],
  ['/sbin/nft', 'list', 'ruleset'],
  ['/usr/sbin/iptables-save', '-t', 'nat'],
  ['/sbin/iptables-save', '-t', 'nat'],
];
const MODULES_LIMIT = 1 << 20;
const NAT_RULE = /\b(?:snat|masquerade|SNAT|MASQUERADE)\b/;
// An address of IPv6 has colons of its own, and stands in brackets where ports follow.
const PORTS = /(?:(?: to|--to-source) (?:[\d.-]+|\[[^ ]+\])?:|--to-ports )(\d{1,5})(?:-(\d{1,5}))?(?![\w.:])/;

/** Empty where no rule has one; a fault where the rules could not be read, which only root may. */
export function readNatRanges(root: Root, table: Namespace): Reading<readonly Range[]> {
  const source = 'nft list ruleset';
  if (root.view === 'captured' || self.effectiveUser() !== 0) return { ok: false, fault: { kind: 'denied', source } };
  // To ask would load what is not there.
  if (!hasNat(root)) return { ok: true, value: [], source };
  const enter = enterOf(root, table);
  if (enter === undefined) return { ok: false, fault: { kind: 'tool-missing', source: 'nsenter' } };
  const found = LISTERS.map(([file = '', ...args]) => list(root, [...enter, file, ...args]));
  const read = found.flatMap((one) => (one.ok ? one.value : []));
  return found.some(({ ok }) => ok) ? { ok: true, value: read, source } : (found[0] ?? NOTHING);
}

const NOTHING: Reading<never> = { ok: false, fault: { kind: 'tool-missing', source: 'nft' } };

function list(root: Root, line: readonly string[]): Reading<readonly Range[]> {
  return runTool(root, line.join(' '), [line], ({ failure, stdout }: Answer): Reading<readonly Range[]> => {
    const source = line.join(' ');
    if (failure !== undefined) return { ok: false, fault: { kind: 'io', source, detail: failure } };
    return { ok: true, value: parseNatRanges(stdout), source };
  });
}

export function parseNatRanges(text: string): readonly Range[] {
  return text.split('\n').flatMap((line) => {
    const [, first, last = first] = NAT_RULE.test(line) ? (PORTS.exec(line) ?? []) : [];
    return first === undefined ? [] : [{ first: Number(first), last: Number(last) }];
  });
}

function hasNat(root: Root): boolean {
  const modules = root.read('/proc/modules', MODULES_LIMIT, (text) => ({ ok: true, value: text }));
  return !modules.ok || !/^(?:nf|ip)_conntrack /m.test(modules.value) || /^(?:nf|ip)_nat /m.test(modules.value);
}

function enterOf(root: Root, { isOwn, pids, mount }: Namespace): readonly string[] | undefined {
  if (isOwn && root.view === 'own') return [];
  const place = isOwn ? '/proc/1/ns/net' : pids[0] === undefined ? mount?.path : `/proc/${pids[0]}/ns/net`;
  return place === undefined ? undefined : enterLine(root.locate(place));
}
