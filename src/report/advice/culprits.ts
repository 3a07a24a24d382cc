import type { Arrivals, Both } from '../list/arrivals.ts';
import type { Holder, Holdings } from '../list/holders.ts';
import { type NotrackAdvice, notrackAdvice } from './notrack.ts';
import { WORTHWHILE } from './release.ts';
import { type Adds, addressKey, addsOf, DOMINANT, mostAdded, type Suspicion } from './suspicion.ts';
import { type SynFloodAdvice, synFloodAdvice } from './syn-flood.ts';

export type CulpritAdvice =
  | NotrackAdvice
  | SynFloodAdvice
  | (Culprit & {
      readonly kind: 'source';
      readonly adds?: Adds;
      /** The machine or container itself. */
      readonly own: boolean;
    })
  | (Culprit & { readonly kind: 'network'; readonly adds: Adds })
  /** No single source or network may have more than that many. */
  | {
      readonly kind: 'source_limit';
      readonly each: number;
      readonly whole: 'source' | 'network';
      /** The one that it is for. */
      readonly holder: Holder;
    };

interface Culprit {
  readonly holder: Holder;
  readonly of: number;
  /** Whether an ssh session of the machine comes from there; undefined if not all sessions are known. */
  readonly hasSsh: boolean | undefined;
}

const ALIKE = 0.8;

export function culpritAdvice(found: Suspicion, holdings: Holdings): readonly CulpritAdvice[] {
  const adders = addersOf(found, holdings);
  const flood = adders === undefined ? [] : synFloodAdvice(found, holdings, adders);
  if (flood.length > 0) return flood;
  const port = notrackAdvice(found, holdings, adders);
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

// What is fresh may have been there for long, and be tried again: it tells who adds only of those that have most too.
function dominates({ entries, added }: Both, { kind, added: { entries: of } }: Arrivals, all: number): boolean {
  return added >= DOMINANT * of && entries >= (kind === 'new' ? WORTHWHILE / 10 : DOMINANT) * all;
}

function holderAdvice(found: Suspicion, { rankings, entries }: Holdings): readonly CulpritAdvice[] {
  const [top, next] = rankings.sources.holders;
  if (top === undefined || top.entries < DOMINANT * entries) return [];
  // Who has no more than another one stands out by nothing.
  if (next !== undefined && next.entries > ALIKE * top.entries) return [];
  return [
    {
      kind: 'source',
      holder: top,
      of: entries,
      own: found.own.has(addressKey(top)),
      hasSsh: hasSsh(found, top, 'source'),
    },
  ];
}

function adderAdvice(found: Suspicion, { entries }: Holdings, adders: Arrivals): readonly CulpritAdvice[] {
  const { sources, networks } = adders.both;
  const [source, network] = [mostAdded(sources), mostAdded(networks)];
  if (source !== undefined && dominates(source, adders, entries)) {
    const own = found.own.has(addressKey(source));
    const ssh = hasSsh(found, source, 'source');
    const step = {
      kind: 'source',
      holder: source,
      of: entries,
      adds: addsOf(source, adders),
      own,
      hasSsh: ssh,
    } as const;
    return own || ssh === true ? [step] : [step, ...sourceLimit(found, source, sources, 'source')];
  }
  if (network === undefined || !dominates(network, adders, entries)) return [];
  const ssh = hasSsh(found, network, 'network');
  const step = { kind: 'network', holder: network, of: entries, adds: addsOf(network, adders), hasSsh: ssh } as const;
  return ssh === true ? [step] : [step, ...sourceLimit(found, network, networks, 'network')];
}

function hasSsh({ ssh }: Suspicion, { key, ipv6 }: Holder, whole: 'source' | 'network'): boolean | undefined {
  const isThere = Array.from(ssh.clients, (client) => client.split(',').map(Number)).some(
    (client) => client.length === (ipv6 ? 4 : 1) && partOf(client, whole).join() === partOf(key, whole).join(),
  );
  return isThere || (ssh.isComplete ? false : undefined);
}

/** The address, or the network as the list has it: /24 or /64. */
function partOf(words: readonly number[], whole: 'source' | 'network'): readonly number[] {
  if (whole === 'source') return words;
  return words.length === 1 ? words.map((word) => word & ~0xff) : words.slice(0, 2);
}

const LEAST_LIMIT = 100;

// Twice of what any other has, so that it meets nobody else. Kernels before 2.6.23 cannot count by source.
function sourceLimit(
  { machine: { generation } }: Suspicion,
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
