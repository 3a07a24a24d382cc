// Bridged traffic in the table: with bridge-nf-call-iptables=1 each flow that crosses a bridge has an entry. Certain only if
// the machine forwards nothing, and most entries are of flows between others: those can only have been bridged.

import { exists } from '../../../kernel/file.ts';
import type { LocalRoute } from '../../../kernel/namespaces/local-routes.ts';
import { enterOf } from '../../../kernel/namespaces/nsenter.ts';
import {
  isLoopback,
  isOwnAddress,
  type OwnAddresses,
  readOwnAddresses,
} from '../../../kernel/namespaces/own-addresses.ts';
import { readNumber } from '../../../kernel/number.ts';
import type { Root } from '../../../kernel/root.ts';
import { runTool } from '../../../kernel/run-tool.ts';
import { TOOLS } from '../../../kernel/tools.ts';
import type { Table } from '../../../model/table.ts';
import { inNamespace } from '../../../words/in-namespace.ts';
import { percentWords } from '../../../words/words.ts';
import type { Holdings } from '../../list/holders.ts';
import type { Holder, Ranking } from '../../list/ranking.ts';
import { ROOM_TROUBLE } from '../table-trouble.ts';
import { type LeadBase, type LeadForm, note } from './lead.ts';

export interface BridgedLead extends LeadBase {
  readonly kind: 'bridged';
  readonly table: Table;
  /** Percent of the entries, at least. */
  readonly share: number;
}

export interface BridgedSeen {
  readonly table: Table;
  readonly share: number;
}

const CALL = '/proc/sys/net/bridge/bridge-nf-call-iptables';
const FORWARD = '/proc/sys/net/ipv4/ip_forward';

/** They need bridge-nf-call-iptables=1. */
const NEEDING = ['/run/docker.sock', '/var/run/docker.sock', '/etc/kubernetes', '/var/lib/kubelet'];

export function readBridged(root: Root, table: Table, holdings: Holdings): BridgedSeen | undefined {
  if (root.view === 'captured' || NEEDING.some((path) => exists(root.locate(path)))) return undefined;
  const [call, forward] = settingsIn(root, table);
  if (call !== 1 || forward !== 0) return undefined;
  const share = foreignShare(holdings, readOwnAddresses(root, table));
  return share < LEAST_FOREIGN ? undefined : { table, share };
}

function settingsIn(root: Root, table: Table): readonly (number | undefined)[] {
  const enter = enterOf(root, table);
  if ('kind' in enter) return [];
  const paths = [CALL, FORWARD];
  if (enter.length === 0) {
    return paths.map((path) => {
      const reading = readNumber(root, path);
      return reading.ok ? reading.value : undefined;
    });
  }
  const source = `nsenter ${enter.slice(1).join(' ')}`;
  const printed = runTool(root, { tool: TOOLS.settings, source, enter, args: paths }, ({ stdout }) => {
    return { ok: true, value: stdout, source };
  });
  const text = printed.ok ? printed.value : '';
  return paths.map((path) => numberAfter(text, path));
}

function numberAfter(text: string, path: string): number | undefined {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${path}:`));
  return line === undefined ? undefined : Number(line.slice(path.length + 1));
}

const LEAST_FOREIGN = 50;

/** Percent of the entries that have no address of this namespace at either end, at least; 0 if its addresses are unknown. */
export function foreignShare({ rankings, entries, sample }: Holdings, own: OwnAddresses): number {
  const { ipv4, ipv6 } = own;
  if (ipv4 === undefined || ipv6 === undefined || sample !== undefined || entries === 0) return 0;
  if (own.networks?.some(isBeyondLoopback)) return 0; // any number of own addresses may be missing from the ranking
  const addresses = ipv4.size + ipv6.size;
  const local = localAtMost(rankings.sources, own, addresses) + localAtMost(rankings.destinations, own, addresses);
  return Math.max(0, 100 * (1 - local / entries));
}

/** An own address that is not listed has no more entries than the last one that is. */
function localAtMost({ holders, lacking, different }: Ranking, own: OwnAddresses, addresses: number): number {
  const local = holders.filter((holder) => isOwnAddress(own, holder) !== false || isGroup(holder));
  const listed = local.reduce((sum, { entries }) => sum + entries, 0);
  const isWhole = different <= holders.length;
  const unlisted = Math.max(0, addresses - local.filter((holder) => !isLoopback(holder)).length);
  return listed + (isWhole ? 0 : unlisted * ((holders[holders.length - 1]?.entries ?? 0) + lacking));
}

function isBeyondLoopback({ key }: LocalRoute): boolean {
  return !isLoopback({ key, ipv6: key.length > 1 });
}

/** Multicast and broadcast, which this machine may receive. */
function isGroup({ key: [first = 0], ipv6 }: Holder): boolean {
  return ipv6 ? first >>> 24 === 0xff : first >>> 28 >= 14;
}

export const BRIDGED: LeadForm<BridgedLead, object, { readonly bridged?: BridgedSeen | undefined }> = {
  readCauses: (root, { subject, holdings, worst }) => {
    const isShort = worst.result.table.key === subject.key && ROOM_TROUBLE.has(worst.trouble);
    return holdings !== undefined && isShort ? { bridged: readBridged(root, subject, holdings) } : {};
  },
  judge: ({ bridged }) => (bridged === undefined ? [] : [{ kind: 'bridged', state: 'ok', ...bridged }]),
  clause: ({ share }) =>
    `at least ${percentWords(share)} of the entries are likely bridged traffic: neither end is an address here, and nothing is forwarded (bridge-nf-call-iptables=1, ip_forward=0)`,
  notes: ({ table }) => {
    const enter = inNamespace({ subject: table });
    return [
      note(
        'Only if no iptables rule is meant to see bridged packets (Docker, Kubernetes and the nwfilter of libvirt need it): traffic that crosses a bridge is no longer tracked or filtered by iptables.',
        `${enter}sysctl -w net.bridge.bridge-nf-call-iptables=0`,
      ),
      note('Its entries end by their timeouts. Undo:', `${enter}sysctl -w net.bridge.bridge-nf-call-iptables=1`),
    ];
  },
};
