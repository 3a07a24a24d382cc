// What can be done, in the order of what it costs: first what costs memory alone, last what ends connections. Nothing is
// advised that the figures do not support, and nothing where nothing is wrong.

import type { Cause, Drift } from '../../evaluate/drift.ts';
import type { Evaluation } from '../../evaluate/evaluate.ts';
import { isKubeProxys } from '../../evaluate/kube-proxy.ts';
import { withoutRoom } from '../../evaluate/losses.ts';
import { defaultLimit } from '../../evaluate/module-load.ts';
import { leastLimit, type Plan, planFor } from '../../evaluate/sizing.ts';
import type { FilterChain } from '../../model/filter-chain.ts';
import type { Machine } from '../../model/machine.ts';
import type { SshAccess } from '../../model/ssh-access.ts';
import type { Diagnosis, Trouble } from '../diagnosis/diagnosis.ts';
import type { NatShortage, Shortage } from '../diagnosis/nat-ports.ts';
import type { Arrivals } from '../list/arrivals.ts';
import type { Holdings, Kept } from '../list/holders.ts';
import { shorterTimeout, timeoutName } from '../list/timeouts.ts';
import { type CulpritAdvice, culpritAdvice } from './culprits.ts';
import { type Demand, demandOf } from './demand.ts';
import { type HalfClosedAdvice, halfClosedAdvice } from './half-closed.ts';
import { type ReleaseAdvice, releaseAdvice, WORTHWHILE } from './release.ts';
import { DOMINANT, type Suspicion } from './suspicion.ts';

export type Advice =
  /** Set the limit to what the files of the machine want. */
  | { readonly kind: 'restore'; readonly drift: Drift; readonly causes: readonly Cause[]; readonly plan: Plan }
  | { readonly kind: 'raise'; readonly plan: Plan; readonly demand: Demand | undefined }
  /** More buckets for the same limit. */
  | { readonly kind: 'buckets'; readonly plan: Plan }
  | {
      readonly kind: 'timeout';
      readonly kept: Kept;
      /** Seconds, as they were read. */
      readonly now: number;
      readonly shorter: number;
      readonly of: number;
      /** What finds no room now, with the shorter one; undefined where there is room for it. */
      readonly tooMany: number | undefined;
    }
  | CulpritAdvice
  | HalfClosedAdvice
  | ReleaseAdvice
  /** NAT has no port left for a destination; a shorter timeout would give ports back, where there is one. */
  | { readonly kind: 'nat_ports'; readonly shortage: NatShortage; readonly timeout: ShorterTimeout | undefined }
  /** Clashes that no shortage of ports explains; or nobody may know whether there is one. */
  | { readonly kind: 'clash'; readonly isNatKnown: boolean }
  /** The limit that ended an incident is in no file. */
  | { readonly kind: 'keep'; readonly plan: Plan }
  /** Raising the limit is what would help, and there is no memory for it. */
  | { readonly kind: 'no_memory'; readonly plan: Plan | undefined };

/** What is wrong, and what is known of the table that is meant. */
export interface Case {
  readonly evaluation: Evaluation;
  readonly diagnosis: Diagnosis;
  /** Undefined where its list could not be read. */
  readonly holdings: Holdings | undefined;
  /** What is added to it; undefined where that is not known. */
  readonly arrivals?: Arrivals | undefined;
  /** The addresses of the machine or container itself, as signed 32-bit words with commas. */
  readonly own: ReadonlySet<string>;
  readonly ssh: SshAccess;
  /** Chains of its namespace that drop what no rule accepts; undefined if the rules could not be read. */
  readonly chains: readonly FilterChain[] | undefined;
  /** Whether NAT is short of ports, where packets are lost to clashes. */
  readonly shortage: Shortage;
  /** The sysctls of its namespace that could be read, by name without the generation's prefix. */
  readonly settings: ReadonlyMap<string, number>;
}

/** A timeout, without `nf_conntrack_`, and what it could be set to. */
export interface ShorterTimeout {
  readonly name: string;
  readonly seconds: number;
  readonly shorter: number;
}

// What a flow that has just begun is given.
const FIRST = ['udp_timeout', 'tcp_timeout_syn_sent', 'tcp_timeout_syn_recv', 'icmp_timeout', 'icmpv6_timeout'];
const FULL: readonly Trouble[] = ['losing', 'full', 'filling'];

export function adviceFor(found: Case): readonly Advice[] {
  const { diagnosis, holdings } = found;
  switch (diagnosis.trouble) {
    case 'none':
    case 'unread':
    case 'elsewhere':
    case 'was_losing':
      return [];
    case 'clashing':
      return [clashAdvice(found)];
    case 'was_full':
      return keepAdvice(found);
    default:
      return tableAdvice(found, holdings);
  }
}

function tableAdvice(found: Case, holdings: Holdings | undefined): readonly Advice[] {
  const { diagnosis } = found;
  const limits = limitAdvice(found);
  if (holdings === undefined || diagnosis.trouble === 'drift') return limits;
  const demand = demandOf(diagnosis, found.holdings);
  const lacking = demand?.kind === 'lacking' ? demand.perSecond : 0;
  const open = halfClosedAdvice(holdings);
  // Who has what a program leaves open is not to be kept out for it; who adds is another matter.
  const culprits = culpritAdvice(suspicionOf(found), holdings).filter((one) => open.length === 0 || isOfAdder(one));
  const freed = FULL.includes(diagnosis.trouble) && !culprits.some(removes) ? releaseAdvice(holdings, found.ssh) : [];
  return [...limits, ...open, ...timeoutAdvice(found, holdings, lacking), ...culprits, ...freed];
}

function suspicionOf({ settings, evaluation, diagnosis: { worst }, ...found }: Case): Suspicion {
  const { table, losses, lost } = worst.result;
  const refused = losses === undefined || lost === undefined ? 0 : withoutRoom(lost, losses.events) / losses.seconds;
  const { machine } = evaluation.observation;
  const { arrivals, own, ssh, chains } = found;
  return { arrivals, refused, limit: table.limit, machine, own, ssh, chains, loose: settings.get('tcp_loose') };
}

function isOfAdder(advice: CulpritAdvice): boolean {
  return (advice.kind !== 'source' && advice.kind !== 'notrack') || advice.adds !== undefined;
}

/** Whether it removes the entries of whom it stops. */
function removes(advice: CulpritAdvice): boolean {
  return (
    (advice.kind === 'source' && !advice.own && advice.hasSsh !== true) ||
    (advice.kind === 'network' && advice.hasSsh !== true)
  );
}

// A higher limit does not help: there is room.
function clashAdvice({ shortage, settings }: Case): Advice {
  if (typeof shortage === 'string') return { kind: 'clash', isNatKnown: shortage === 'none' };
  const name = timeoutName(shortage.use.mostly);
  const seconds = settings.get(name);
  const shorter = seconds === undefined ? undefined : shorterTimeout(name, seconds);
  const timeout = seconds === undefined || shorter === undefined ? undefined : { name, seconds, shorter };
  return { kind: 'nat_ports', shortage, timeout };
}

// An incident that is over is no reason to raise anything. What ended it may be lost at the next boot.
function keepAdvice({ evaluation, diagnosis }: Case): readonly Advice[] {
  const { observation, drift, cost } = evaluation;
  const [own] = observation.tables;
  const { machine, evidence } = observation;
  const isWritten = drift === undefined ? own.limit <= defaultLimit(machine) : drift.kind !== 'above';
  const isSetAgain = evidence !== undefined && isKubeProxys(machine, own, evidence);
  if (diagnosis.past === undefined || isWritten || isSetAgain || own.limit === 0) return [];
  const planned = planFor(observation, own, cost, own.limit);
  return planned.ok ? [{ kind: 'keep', plan: planned.value }] : [];
}

function limitAdvice(found: Case): readonly Advice[] {
  const { evaluation, diagnosis } = found;
  const { trouble, worst } = diagnosis;
  const { table } = worst.result;
  const { machine } = evaluation.observation;
  const demand = demandOf(diagnosis, found.holdings);
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

function raiseAdvice(
  max: number,
  plan: Plan | undefined,
  restored: number,
  demand: Demand | undefined,
): readonly Advice[] {
  if (plan === undefined || plan.limit <= restored) return [];
  const isTooMuch = plan.reason === 'in_use' || (plan.reason === 'memory' && plan.limit <= max);
  if (plan.fits === false || isTooMuch) return [{ kind: 'no_memory', plan }];
  return plan.limit > max ? [{ kind: 'raise', plan, demand }] : [];
}

function bucketAdvice({ buckets }: Machine, plan: Plan | undefined): readonly Advice[] {
  return plan !== undefined && buckets.ok && plan.buckets > buckets.value ? [{ kind: 'buckets', plan }] : [];
}

// The one that relieves most; in a flood, which leaves nothing to grow old, the one that keeps most. One that was
// shortened a moment ago is waited for: its entries still have the time that they were given before. One whose value
// could not be read could not be set back.
function timeoutAdvice(
  { settings, diagnosis: { worst } }: Case,
  { timeouts, entries }: Holdings,
  lacking: number,
): readonly Advice[] {
  const open = timeouts.filter(({ name, longest, shorter }) => {
    const now = settings.get(name);
    return now !== undefined && shorter !== undefined && shorter < now && longest <= now;
  });
  const [best] = open.sort((a, b) => b.ended - a.ended);
  const now = best && settings.get(best.name);
  if (now === undefined || best?.shorter === undefined) return [];
  const fresh = lacking > 0 && FIRST.includes(best.name) && best.entries >= DOMINANT * entries;
  const relieves = fresh || best.ended >= WORTHWHILE * entries;
  // Those that get no room now would be there for that long.
  const others = Math.round(lacking * best.shorter);
  const tooMany = others > worst.result.table.limit ? others : undefined;
  return relieves ? [{ kind: 'timeout', kept: best, now, shorter: best.shorter, of: entries, tooMany }] : [];
}
