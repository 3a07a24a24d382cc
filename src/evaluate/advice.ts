// What can be done, in the order of what it costs: first what costs memory alone, last what ends connections. Nothing is
// advised that the figures do not support, and nothing where nothing is wrong.

import type { Facts, Reading, Surroundings } from '../facts.ts';
import { type Cause, causesOf, type Drift } from './drift.ts';
import type { ObjectCost } from './footprint.ts';
import type { Holder, Holdings, Kept } from './holders.ts';
import { eventsOf, type Incident, type Trouble } from './incident.ts';
import { type Plan, planFor } from './plan.ts';

export type Advice =
  /** Set the limit to what the files of the machine want. */
  | { readonly kind: 'restore'; readonly drift: Drift; readonly causes: readonly Cause[]; readonly plan: Plan }
  | { readonly kind: 'raise'; readonly plan: Plan; readonly demand: Demand | undefined }
  /** More buckets for the same limit. */
  | { readonly kind: 'buckets'; readonly plan: Plan }
  | { readonly kind: 'timeout'; readonly kept: Kept; readonly shorter: number; readonly of: number }
  | {
      readonly kind: 'notrack';
      readonly protocol: number;
      readonly port: number;
      readonly entries: number;
      readonly of: number;
      /** Which families the list has. */
      readonly ipv4: boolean;
      readonly ipv6: boolean;
    }
  | { readonly kind: 'source'; readonly holder: Holder; readonly of: number }
  /** Raising the limit is what would help, and there is no memory for it. */
  | { readonly kind: 'no memory'; readonly plan: Plan | undefined };

/** What finds no room in a full table: so many in a second, each for so long, come to so many entries. */
export interface Demand {
  readonly perSecond: number;
  readonly seconds: number;
  readonly entries: number;
}

/** The table that is in trouble, and what is known of it. */
export interface Case {
  readonly facts: Facts;
  readonly incident: Incident;
  readonly surroundings: Surroundings;
  readonly cost: Reading<ObjectCost>;
  readonly drift: Drift | undefined;
  /** Of the table that is in trouble; undefined where its list could not be read. */
  readonly holdings: Holdings | undefined;
}

// Half of all entries is what makes one port or one source the reason.
const DOMINANT = 0.5;
// Less than a tenth of the entries does not relieve a table.
const WORTHWHILE = 0.1;
// Packets that are translated need their entries.
const MOST_NAT = 0.01;
const [TCP, UDP] = [6, 17];
// What is lost now need not stay for the five days that an established connection has. Where the list is not known, it
// is the least that a new flow has: that of UDP.
const LONGEST_STAY = 600;
const LEAST_STAY = 30;
const FULL: readonly Trouble[] = ['losing', 'full', 'filling', 'was full'];

export function adviceFor(found: Case): readonly Advice[] {
  const { incident, holdings } = found;
  if (incident.trouble === 'none' || incident.trouble === 'unread') return [];
  const limits = limitAdvice(found);
  if (holdings === undefined || !FULL.includes(incident.trouble)) return limits;
  return [...limits, ...timeoutAdvice(holdings), ...portAdvice(holdings), ...sourceAdvice(holdings)];
}

function limitAdvice(found: Case): readonly Advice[] {
  const { facts, incident, surroundings, cost, drift } = found;
  const { place, trouble } = incident;
  const demand = demandOf(found);
  const met = { ...facts, count: place.entries, statistics: place.table?.statistics ?? facts.statistics };
  const planned = (limit?: number) => {
    const reading = planFor(met, surroundings, cost, limit, demand?.entries);
    return reading.ok ? reading.value : undefined;
  };
  const restore = drift?.kind === 'below' ? planned(drift.wanted.limit) : undefined;
  const advice: Advice[] = [];
  if (drift?.kind === 'below' && restore?.fits !== false && restore !== undefined) {
    const causes = causesOf(drift, facts, surroundings.configuration, surroundings.evidence);
    advice.push({ kind: 'restore', drift, causes, plan: restore });
  }
  if (trouble === 'refusing') return [...advice, ...bucketAdvice(facts, planned(facts.max))];
  if (!FULL.includes(trouble)) return advice;
  return [...advice, ...raiseAdvice(facts, planned(), restore?.limit ?? 0, demand)];
}

// By Little's law: a table holds as many as come in the time that one of them stays. Who is refused comes again, so that
// it may be fewer.
function demandOf({ incident: { place }, holdings }: Case): Demand | undefined {
  const { losses, entries } = place;
  const most = holdings?.timeouts.find(({ seconds }) => seconds !== undefined)?.seconds ?? LEAST_STAY;
  const lost = eventsOf(losses, 'drop') + eventsOf(losses, 'early_drop');
  if (losses === undefined || lost === 0) return undefined;
  const perSecond = lost / losses.seconds;
  const seconds = Math.min(most, LONGEST_STAY);
  return { perSecond, seconds, entries: entries + perSecond * seconds };
}

function raiseAdvice(
  { max }: Facts,
  plan: Plan | undefined,
  restored: number,
  demand: Demand | undefined,
): readonly Advice[] {
  if (plan === undefined || plan.limit <= restored) return [];
  if (plan.fits === false || (plan.reason === 'memory' && plan.limit <= max)) return [{ kind: 'no memory', plan }];
  return plan.limit > max ? [{ kind: 'raise', plan, demand }] : [];
}

function bucketAdvice({ buckets }: Facts, plan: Plan | undefined): readonly Advice[] {
  return plan !== undefined && buckets.ok && plan.buckets > buckets.value ? [{ kind: 'buckets', plan }] : [];
}

// The one that relieves most.
function timeoutAdvice({ timeouts, entries }: Holdings): readonly Advice[] {
  const [best] = timeouts.slice().sort((a, b) => b.ended - a.ended);
  if (best?.shorter === undefined || best.ended < WORTHWHILE * entries) return [];
  return [{ kind: 'timeout', kept: best, shorter: best.shorter, of: entries }];
}

function portAdvice({ rankings, entries, ipv6, topPortNat }: Holdings): readonly Advice[] {
  const top = rankings.find(({ name }) => name === 'ports')?.holders[0];
  const [key = 0] = top?.key ?? [];
  const [protocol, port] = [key >>> 16, key & 0xffff];
  if (top === undefined || top.entries < DOMINANT * entries || topPortNat > MOST_NAT * top.entries) return [];
  if (protocol !== TCP && protocol !== UDP) return [];
  const families = { ipv4: entries > ipv6, ipv6: ipv6 > 0 };
  return [{ kind: 'notrack', protocol, port, entries: top.entries, of: entries, ...families }];
}

function sourceAdvice({ rankings, entries }: Holdings): readonly Advice[] {
  const top = rankings.find(({ name }) => name === 'sources')?.holders[0];
  return top === undefined || top.entries < DOMINANT * entries ? [] : [{ kind: 'source', holder: top, of: entries }];
}
