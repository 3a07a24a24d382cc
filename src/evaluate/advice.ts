// What can be done, in the order of what it costs: first what costs memory alone, last what ends connections. Nothing is
// advised that the figures do not support, and nothing where nothing is wrong.

import type { Machine } from '../observation/machine.ts';
import type { Diagnosis, Trouble } from './diagnosis.ts';
import type { Cause, Drift } from './drift.ts';
import type { Evaluation } from './evaluate.ts';
import type { Holder, Holdings, Kept } from './holders.ts';
import { withoutRoom } from './losses.ts';
import { leastLimit, type Plan, planFor } from './plan.ts';

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
  | { readonly kind: 'source'; readonly holder: Holder; readonly of: number; readonly own: boolean }
  /** Raising the limit is what would help, and there is no memory for it. */
  | { readonly kind: 'no memory'; readonly plan: Plan | undefined };

/** What finds no room in a full table: so many in a second, each for so long, come to so many entries. */
export interface Demand {
  readonly perSecond: number;
  readonly seconds: number;
  readonly entries: number;
}

/** What is wrong, and what is known of the table that is meant. */
export interface Case {
  readonly evaluation: Evaluation;
  readonly diagnosis: Diagnosis;
  /** Undefined where its list could not be read. */
  readonly holdings: Holdings | undefined;
  /** The addresses of the machine or container itself, as signed 32-bit words with commas. */
  readonly own: ReadonlySet<string>;
}

// Half of all entries is what makes one port or one source the reason.
const DOMINANT = 0.5;
// Less than a tenth of the entries does not relieve a table.
const WORTHWHILE = 0.1;
const [TCP, UDP] = [6, 17];
// What a flow that has just begun is given, and at the least: UDP's.
const FIRST = ['udp_timeout', 'tcp_timeout_syn_sent', 'tcp_timeout_syn_recv', 'icmp_timeout', 'icmpv6_timeout'];
const LEAST_STAY = 30;
const FULL: readonly Trouble[] = ['losing', 'full', 'filling', 'was full'];

export function adviceFor(found: Case): readonly Advice[] {
  const { diagnosis, holdings } = found;
  if (diagnosis.trouble === 'none' || diagnosis.trouble === 'unread') return [];
  const limits = limitAdvice(found);
  if (holdings === undefined || diagnosis.trouble === 'drift') return limits;
  const flooded = demandOf(found) !== undefined;
  return [...limits, ...timeoutAdvice(holdings, flooded), ...portAdvice(holdings), ...sourceAdvice(found, holdings)];
}

function limitAdvice(found: Case): readonly Advice[] {
  const { evaluation, diagnosis } = found;
  const { trouble, worst } = diagnosis;
  const { table } = worst.result;
  const { machine } = evaluation.observation;
  const demand = demandOf(found);
  const planned = (limit?: number) => {
    const reading = planFor(evaluation.observation, table, evaluation.cost, limit, demand?.entries);
    return reading.ok ? reading.value : undefined;
  };
  const restore = restoreAdvice(found, planned);
  if (trouble === 'refusing' && (demand?.entries ?? 0) <= table.limit)
    return [...restore, ...bucketAdvice(machine, planned(table.limit))];
  if (trouble !== 'refusing' && !FULL.includes(trouble)) return restore;
  return [...restore, ...raiseAdvice(table.limit, planned(), restore[0]?.plan.limit ?? 0, demand)];
}

// What the files want may be less than is in use by now.
function restoreAdvice(
  { evaluation: { drift, causes }, diagnosis: { worst } }: Case,
  planned: (limit: number) => Plan | undefined,
): readonly Extract<Advice, { kind: 'restore' }>[] {
  if (drift?.kind !== 'below' || drift.wanted.limit < leastLimit(worst.result.table.entries)) return [];
  const plan = planned(drift.wanted.limit);
  if (plan === undefined || plan.fits === false) return [];
  return [{ kind: 'restore', drift, causes, plan }];
}

// By Little's law: a table holds as many as come in the time that one of them stays, at the least as long as a flow that
// is not answered. Who is refused comes again, so that it may be fewer.
function demandOf({ diagnosis: { worst }, holdings }: Case): Demand | undefined {
  const { losses, table } = worst.result;
  const first = holdings?.timeouts.find(({ name, seconds }) => seconds !== undefined && FIRST.includes(name));
  const seconds = first?.seconds ?? LEAST_STAY;
  const lacking = withoutRoom(losses?.events);
  if (losses === undefined || lacking === 0) return undefined;
  const perSecond = lacking / losses.seconds;
  return { perSecond, seconds, entries: table.entries + perSecond * seconds };
}

function raiseAdvice(
  max: number,
  plan: Plan | undefined,
  restored: number,
  demand: Demand | undefined,
): readonly Advice[] {
  if (plan === undefined || plan.limit <= restored) return [];
  const isTooMuch = plan.reason === 'in use' || (plan.reason === 'memory' && plan.limit <= max);
  if (plan.fits === false || isTooMuch) return [{ kind: 'no memory', plan }];
  return plan.limit > max ? [{ kind: 'raise', plan, demand }] : [];
}

function bucketAdvice({ buckets }: Machine, plan: Plan | undefined): readonly Advice[] {
  return plan !== undefined && buckets.ok && plan.buckets > buckets.value ? [{ kind: 'buckets', plan }] : [];
}

// The one that relieves most; in a flood, which leaves nothing to grow old, the one that keeps most. One that was
// shortened a moment ago is waited for: its entries still have the time that they were given before.
function timeoutAdvice({ timeouts, entries }: Holdings, flooded: boolean): readonly Advice[] {
  const open = timeouts.filter(({ seconds, longest, shorter }) => shorter !== undefined && longest <= (seconds ?? 0));
  const [best] = open.slice().sort((a, b) => b.ended - a.ended || b.entries - a.entries);
  if (best?.shorter === undefined) return [];
  const fresh = flooded && FIRST.includes(best.name) && best.entries >= DOMINANT * entries;
  const relieves = fresh || best.ended >= WORTHWHILE * entries;
  return relieves ? [{ kind: 'timeout', kept: best, shorter: best.shorter, of: entries }] : [];
}

// Where anything is translated the port may be too, as soon as the next connection: without an entry it is not.
function portAdvice({ rankings, entries, ipv6, nat }: Holdings): readonly Advice[] {
  const top = rankings.ports.holders[0];
  const [key = 0] = top?.key ?? [];
  const [protocol, port] = [key >>> 16, key & 0xffff];
  if (top === undefined || top.entries < DOMINANT * entries || nat > 0) return [];
  if (protocol !== TCP && protocol !== UDP) return [];
  const families = { ipv4: entries > ipv6, ipv6: ipv6 > 0 };
  return [{ kind: 'notrack', protocol, port, entries: top.entries, of: entries, ...families }];
}

function sourceAdvice({ own }: Case, { rankings, entries }: Holdings): readonly Advice[] {
  const top = rankings.sources.holders[0];
  if (top === undefined || top.entries < DOMINANT * entries) return [];
  return [{ kind: 'source', holder: top, of: entries, own: own.has(addressKey(top)) }];
}

/** IPv4 one word, IPv6 four. */
function addressKey({ key, ipv6 }: Pick<Holder, 'key' | 'ipv6'>): string {
  return key.slice(0, ipv6 ? 4 : 1).join(',');
}
