// Whom to stop: who adds entries, and not who merely has them. Where nobody can be seen to add, who has most of them.

import { atLeast } from '../../evaluate/kernel-version.ts';
import type { Machine } from '../../model/machine.ts';
import type { Arrivals, Both } from '../list/arrivals.ts';
import type { Holder, Holdings } from '../list/holders.ts';
import { WORTHWHILE } from './release.ts';

/** Of what is added. */
export interface Adds {
  readonly kind: Arrivals['kind'];
  readonly added: number;
  readonly of: number;
}

/** Which families the list has. */
interface Families {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/** What new connections that are not completed are for. */
export interface Target {
  readonly destination: Pick<Holder, 'key' | 'ipv6'> | undefined;
  readonly port: number;
  /** Whether it is the machine or container itself. */
  readonly own: boolean;
}

export type CulpritAdvice =
  | (Families & {
      readonly kind: 'notrack';
      readonly protocol: number;
      readonly port: number;
      readonly entries: number;
      readonly of: number;
      readonly adds: Adds | undefined;
      /** In a zone, where it does nothing as it is. */
      readonly zoned: number;
    })
  | {
      readonly kind: 'source';
      readonly holder: Holder;
      readonly of: number;
      readonly adds?: Adds;
      readonly own: boolean;
    }
  | { readonly kind: 'network'; readonly holder: Holder; readonly of: number; readonly adds: Adds }
  /** No single source or network may have more than that many. */
  | {
      readonly kind: 'source_limit';
      readonly each: number;
      readonly whole: 'source' | 'network';
      /** Whom it is for. */
      readonly holder: Holder;
    }
  | (SynFlood & {
      readonly kind: 'synproxy';
      /** nf_conntrack_tcp_loose as it was read. */
      readonly loose: number;
    })
  /** So many new ones a second, and not more. */
  | (SynFlood & { readonly kind: 'rate_limit'; readonly perSecond: number; readonly seconds: number });

interface SynFlood {
  readonly target: Target;
  /** Of what is added, those that are not completed. */
  readonly half: Adds;
  /** No source adds more than that. */
  readonly most: number;
}

/** What is known of a table beside who has its entries. */
export interface Suspicion {
  /** Undefined where it is not known what is added. */
  readonly arrivals: Arrivals | undefined;
  /** New ones a second that found no room. */
  readonly refused: number;
  readonly limit: number;
  readonly machine: Pick<Machine, 'generation' | 'release'>;
  /** The addresses of the machine or container itself, as signed 32-bit words with commas. */
  readonly own: ReadonlySet<string>;
  /** nf_conntrack_tcp_loose; undefined if it could not be read. */
  readonly loose: number | undefined;
}

// Half of what is added, or where nobody knows of all entries, is what makes one port, source or network the reason.
const DOMINANT = 0.5;
const ALIKE = 0.8;
const [TCP, UDP] = [6, 17];

export function culpritAdvice(found: Suspicion, holdings: Holdings): readonly CulpritAdvice[] {
  const adders = addersOf(found, holdings);
  const flood = adders === undefined ? [] : floodAdvice(found, holdings, adders);
  if (flood.length > 0) return flood;
  const port = portAdvice(found, holdings, adders);
  return [...port, ...(adders === undefined ? holderAdvice(found, holdings) : adderAdvice(found, holdings, adders))];
}

// What adds so little that it would take many minutes to be seen is not what a table suffers from.
const RELEVANT_SECONDS = 60;

// Where there is no room those that get in stand for those that do not.
function addersOf({ arrivals, refused }: Suspicion, { entries }: Holdings): Arrivals | undefined {
  if (arrivals === undefined || !arrivals.telling) return undefined;
  const perSecond = arrivals.added.entries / arrivals.seconds + refused;
  return RELEVANT_SECONDS * perSecond >= WORTHWHILE * entries ? arrivals : undefined;
}

/** The one that adds most. */
function mostAdded(rows: readonly Both[]): Both | undefined {
  return rows.slice().sort((a, b) => b.added - a.added)[0];
}

// What is fresh may have been there for long, and be tried again: it tells who adds only of those that have most too.
function dominates({ entries, added }: Both, { kind, added: { entries: of } }: Arrivals, all: number): boolean {
  return added >= DOMINANT * of && entries >= (kind === 'new' ? WORTHWHILE / 10 : DOMINANT) * all;
}

function addsOf({ added }: Both, { kind, added: { entries } }: Arrivals): Adds {
  return { kind, added, of: entries };
}

// ---- Ports ----

// Where anything is translated the port may be too, as soon as the next connection: without an entry it is not.
function portAdvice(
  { arrivals }: Suspicion,
  holdings: Holdings,
  adders: Arrivals | undefined,
): readonly Extract<CulpritAdvice, { kind: 'notrack' }>[] {
  const { rankings, entries, ipv6, nat, zoned } = holdings;
  const top = adders === undefined ? topPort(rankings.ports.holders[0]) : mostAdded(adders.both.ports);
  const [key = 0] = top?.key ?? [];
  const [protocol, port] = [key >>> 16, key & 0xffff];
  if (top === undefined || nat > 0 || (protocol !== TCP && protocol !== UDP)) return [];
  // A port that only idles takes no room from anybody.
  const isReason =
    adders === undefined
      ? arrivals === undefined && top.entries >= DOMINANT * entries
      : dominates(top, adders, entries) && top.entries >= WORTHWHILE * entries;
  if (!isReason) return [];
  const adds = adders === undefined ? undefined : addsOf(top, adders);
  const families = { ipv4: entries > ipv6, ipv6: ipv6 > 0 };
  return [{ kind: 'notrack', protocol, port, entries: top.entries, of: entries, adds, zoned, ...families }];
}

function topPort(holder: Holder | undefined): Both | undefined {
  return holder === undefined ? undefined : { ...holder, added: 0 };
}

// ---- Sources and networks ----

function holderAdvice({ own }: Suspicion, { rankings, entries }: Holdings): readonly CulpritAdvice[] {
  const [top, next] = rankings.sources.holders;
  if (top === undefined || top.entries < DOMINANT * entries) return [];
  // Who has no more than another one stands out by nothing.
  if (next !== undefined && next.entries > ALIKE * top.entries) return [];
  return [{ kind: 'source', holder: top, of: entries, own: own.has(addressKey(top)) }];
}

function adderAdvice({ own, machine }: Suspicion, { entries }: Holdings, adders: Arrivals): readonly CulpritAdvice[] {
  const { sources, networks } = adders.both;
  const [source, network] = [mostAdded(sources), mostAdded(networks)];
  if (source !== undefined && dominates(source, adders, entries)) {
    const isOwn = own.has(addressKey(source));
    const step = { kind: 'source', holder: source, of: entries, adds: addsOf(source, adders), own: isOwn } as const;
    return isOwn ? [step] : [step, ...sourceLimit(machine, source, sources, 'source')];
  }
  if (network === undefined || !dominates(network, adders, entries)) return [];
  const step = { kind: 'network', holder: network, of: entries, adds: addsOf(network, adders) } as const;
  return [step, ...sourceLimit(machine, network, networks, 'network')];
}

const LEAST_LIMIT = 100;

// Twice of what any other has, so that it meets nobody else. Kernels before 2.6.23 cannot count by source.
function sourceLimit(
  { generation }: Suspicion['machine'],
  culprit: Both,
  rows: readonly Both[],
  whole: 'source' | 'network',
): readonly Extract<CulpritAdvice, { kind: 'source_limit' }>[] {
  const others = rows.filter((row) => row !== culprit).map(({ entries }) => entries);
  const each = Math.max(LEAST_LIMIT, rounded(2 * Math.max(0, ...others)));
  const isLimit = generation === 'nf_conntrack' && each < culprit.entries;
  return isLimit ? [{ kind: 'source_limit', each, whole, holder: culprit }] : [];
}

/** Up, to a number of one digit and zeros. */
function rounded(some: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, some))));
  return Math.ceil(some / unit) * unit;
}

/** IPv4 one word, IPv6 four. */
function addressKey({ key }: Pick<Holder, 'key'>): string {
  return key.join(',');
}

// ---- SYN floods ----

// Nearly all that is new is not completed, and of no source or network is there more than a few.
const [HALF_OPEN, FEW, FEW_OF_NETWORK, MANY] = [0.8, 0.05, 0.2, 100];
const HALF_STATES = ['SYN_SENT', 'SYN_RECV'];

function floodAdvice(found: Suspicion, holdings: Holdings, adders: Arrivals): readonly CulpritAdvice[] {
  const { added, both, counted, kind } = adders;
  const of = added.entries;
  const half = added.kinds.filter(({ state }) => HALF_STATES.includes(state));
  const some = half.reduce((sum, { entries }) => sum + entries, 0);
  const most = (mostAdded(both.sources)?.added ?? 0) + added.rankings.sources.lacking;
  const ofNetwork = (mostAdded(both.networks)?.added ?? 0) + added.rankings.networks.lacking;
  const isForged = most <= FEW * of && ofNetwork <= FEW_OF_NETWORK * of;
  const target = targetOf(found, adders);
  if (counted < MANY || some < HALF_OPEN * of || !isForged || target === undefined) return [];
  const flood = { target, half: { kind, added: some, of }, most };
  const { machine, loose } = found;
  const rate = machine.generation === 'nf_conntrack' ? rateFor(found, holdings) : undefined;
  return [
    ...(loose === undefined || !canProxy(machine, holdings) ? [] : [{ kind: 'synproxy', ...flood, loose } as const]),
    ...(rate === undefined ? [] : [{ kind: 'rate_limit', ...flood, ...rate } as const]),
  ];
}

// From 3.12 on. Where a zone is set the SYNs are tracked whatever a rule says.
function canProxy({ release }: Suspicion['machine'], { zoned }: Holdings): boolean {
  return zoned === 0 && release.ok && atLeast(release.value, 3, 12);
}

function targetOf({ own }: Suspicion, { both, added: { entries: of } }: Arrivals): Target | undefined {
  const [port, destination] = [mostAdded(both.ports), mostAdded(both.destinations)];
  if (port === undefined || port.added < DOMINANT * of) return undefined;
  const number = (port.key[0] ?? 0) & 0xffff;
  if (destination === undefined || destination.added < DOMINANT * of)
    return { destination: undefined, port: number, own: false };
  return { destination, port: number, own: own.has(addressKey(destination)) };
}

// So many that for as long as one of them stays they cannot take more than half of the table.
function rateFor({ limit }: Suspicion, { timeouts }: Holdings) {
  const kept = timeouts.filter(({ name }) => HALF_STATES.some((state) => name.endsWith(state.toLowerCase())));
  const seconds = Math.max(0, ...kept.map(({ seconds: given = 0 }) => given));
  const perSecond = Math.floor(limit / 2 / seconds);
  return seconds > 0 && perSecond > 0 ? { perSecond, seconds } : undefined;
}
