// UDP entries that lead to an address that the rules no longer name. NAT rules see only the first packet of a flow, so a
// client that keeps its source port keeps the entry alive, and its packets go to the address of before.
//   /proc/<pid>/net/arp    net/ipv4/arp.c, arp_seq_show(): flags 0x0 for a neighbour that has not answered

import { moduleState } from '../../../kernel/modules.ts';
import { netFolder } from '../../../kernel/namespaces/nsenter.ts';
import { isOwnAddress, readOwnAddresses } from '../../../kernel/namespaces/own-addresses.ts';
import type { Root } from '../../../kernel/root.ts';
import { readRuleTexts } from '../../../kernel/rules/rules.ts';
import type { Table } from '../../../model/table.ts';
import { inNamespace } from '../../../words/in-namespace.ts';
import { grouped } from '../../../words/prose.ts';
import { addressWords } from '../../list/address.ts';
import type { Holdings } from '../../list/holders.ts';
import type { UdpTarget } from '../../list/udp-targets.ts';
import { type LeadBase, type LeadForm, type Note, note } from './lead.ts';

export interface StaleDnatLead extends LeadBase {
  readonly kind: 'stale_dnat';
  readonly table: Table;
  readonly stale: StaleTarget;
}

export interface StaleTarget extends UdpTarget {
  readonly table: Table;
  /** True if the kernel does not know where the address is on the link. */
  readonly isUnreachable: boolean;
}

const ARP_LIMIT = 1 << 20;
const MOST_STALE = 3;

/** None if any rule may translate to addresses that it does not name, or if entries may be another tenant's (zones). */
export function readStaleTargets(root: Root, table: Table, { udpTargets, zoned }: Holdings): readonly StaleTarget[] {
  const folder = netFolder(root, table);
  if (udpTargets.length === 0 || zoned > 0 || folder === undefined) return [];
  const rules = readRuleTexts(root, table)?.join('\n');
  if (rules === undefined || OTHER_TARGETS.test(rules) || textOf(root, `${folder}/ip_vs`) !== '') return [];
  const own = readOwnAddresses(root, table);
  const arp = textOf(root, `${folder}/arp`);
  const mayHaveHelpers = moduleState(root, HELPERS) !== 'absent';
  return udpTargets
    .filter(({ target }) => isOwnAddress(own, { key: [target], ipv6: false }) === false && !isInRules(rules, target))
    .map((stale) => ({ ...stale, table, isUnreachable: isSilentNeighbour(arp, stale.target) }))
    .filter(({ isUnreachable, replied }) => isUnreachable || (replied === 0 && !mayHaveHelpers))
    .slice(0, MOST_STALE);
}

/** Ranges, whole networks, maps (a terse list omits their elements), and modules that choose by other means. */
const OTHER_TARGETS = /\d\.\d+-\d+\.\d|NETMAP|dnat [^\n]*(?:prefix|map|@)|fullcone/i;
/** They translate the flows that they expect without a rule. */
const HELPERS = ['nf_nat_sip', 'nf_nat_h323', 'nf_nat_tftp', 'nf_nat_amanda'];

function textOf(root: Root, path: string): string {
  const read = root.read(path, ARP_LIMIT, (text) => ({ ok: true, value: text }));
  return read.ok ? read.value : '';
}

export function isInRules(rules: string, target: number): boolean {
  const escaped = addressWords([target], false).replace(/\./g, '\\.');
  return new RegExp(`(?<![\\d.])${escaped}(?!\\d)`).test(rules);
}

export function isSilentNeighbour(arp: string, target: number): boolean {
  const [, flags] = new RegExp(`^${addressWords([target], false)} +\\S+ +(0x[0-9a-f]+) `, 'm').exec(arp) ?? [];
  return flags === '0x0';
}

export const STALE_DNAT: LeadForm<StaleDnatLead, object, { readonly stale?: readonly StaleTarget[] }> = {
  readCauses: (root, { subject, holdings }) =>
    holdings === undefined ? {} : { stale: readStaleTargets(root, subject, holdings) },
  judge: ({ stale = [] }) =>
    stale.map((target) => {
      return { kind: 'stale_dnat', state: target.isUnreachable ? 'warning' : 'ok', table: target.table, stale: target };
    }),
  clause: ({ stale }) => {
    const { destination, port, target, targetPort, entries, isUnreachable } = stale;
    const unreachable = isUnreachable ? ' and which does not answer ARP' : '';
    const few = entries === 1 ? '1 UDP entry leads' : `${grouped(entries)} UDP entries lead`;
    return `${few} from ${ipv4Words(destination)} port ${port} to ${ipv4Words(target)} port ${targetPort}, which no rule names${unreachable}`;
  },
  notes: staleNotes,
};

function staleNotes({ stale }: StaleDnatLead): readonly Note[] {
  const { destination, port, target, targetPort, table } = stale;
  const flow = `-p udp -d ${ipv4Words(destination)} --dport ${port} -r ${ipv4Words(target)} --reply-port-src ${targetPort}`;
  return [
    note(
      'NAT rules see only the first packet of a flow: the others follow its entry, and each of them keeps the entry alive. Remove these entries, and the next packets meet the present rules:',
      `${inNamespace({ subject: table })}conntrack -D ${flow}`,
    ),
  ];
}

function ipv4Words(word: number): string {
  return addressWords([word], false);
}
