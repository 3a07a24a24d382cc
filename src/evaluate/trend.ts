// What earlier looks add: rates of loss, growth, and the time until the table is full.

import { byRate, type CounterName } from '../model/counters.ts';
import type { Reading } from '../model/fault.ts';
import type { KernelVersion } from '../model/machine.ts';
import type { BootClock } from '../model/observation.ts';
import type { History, Sample } from '../model/sample.ts';
import type { Table } from '../model/table.ts';
import { growthOf, timeToFull } from './forecast.ts';
import { type Lost, lostPackets, tellsClashes } from './losses.ts';
import { type Measured, UNSUPPORTED } from './measurements.ts';
import type { HistoryMetric } from './metrics.ts';
import { baseSample, comparable, type Losses, lossesBetween } from './rates.ts';
import { isSettling } from './settling.ts';

export interface Trend {
  readonly measured: Readonly<Record<HistoryMetric, Measured>>;
  /** What was lost over the time that the rates are of; undefined where there is no rate. */
  readonly losses: Losses | undefined;
  /** The same by cause. */
  readonly lost: Lost | undefined;
  /** Entries per second over that time. */
  readonly pace: number | undefined;
}

/** A table as it is kept for later; one without counters still has its entries. */
export function sampleOf({ entries, statistics }: Table, { uptime }: BootClock): Sample {
  return { uptime, entries, cpus: statistics.ok ? statistics.value.cpus : [] };
}

/** `history` is undefined where nobody keeps one. */
export function trendOf(
  table: Table,
  clock: Reading<BootClock> | undefined,
  history: Reading<History> | undefined,
  release: Reading<KernelVersion>,
): Trend {
  if (history === undefined) return emptyTrend({ kind: 'none', why: 'no state directory' });
  if (!history.ok) return emptyTrend({ kind: 'broken', fault: history.fault });
  if (clock === undefined || !clock.ok) return emptyTrend({ kind: 'none', why: 'the clock did not move' });
  return trendSince(table, sampleOf(table, clock.value), history.value, release);
}

function trendSince(table: Table, now: Sample, { past, window }: History, release: Reading<KernelVersion>): Trend {
  const chain = typeof past === 'string' ? past : comparable(now, past);
  if (typeof chain === 'string') return emptyTrend({ kind: 'none', why: chain });
  const base = baseSample(now, chain, window);
  const known = base === undefined ? undefined : lossesBetween(base, now);
  const pace = base === undefined ? undefined : (now.entries - base.entries) / (now.uptime - base.uptime);
  const samples = [...chain.filter(({ uptime }) => now.uptime - uptime <= window), now];
  const rates = {
    ...byRate((name) => rateOf(table, known, name)),
    ...lossRates(table, known, release),
  };
  // Without counters there is nothing to compare, which is not the same as nothing lost.
  return {
    measured: { ...rates, ...forecast(table, growthOf(samples), slowingGrowth(table, samples, known)) },
    losses: table.statistics.ok ? known : undefined,
    lost: table.statistics.ok && known !== undefined ? lostPackets(known.events, release) : undefined,
    pace,
  };
}

function rateOf({ statistics }: Table, losses: Losses | undefined, name: CounterName): Measured {
  if (!statistics.ok) return { kind: 'broken', fault: statistics.fault };
  const events = losses?.events[name];
  const told = statistics.value.cpus.every((cpu) => cpu[name] !== undefined);
  if (losses === undefined || !told) return UNSUPPORTED;
  if (events === undefined) return { kind: 'none', why: 'the counter was not told before' };
  return { kind: 'value', value: events / losses.seconds };
}

/** Packets by cause, out of counters that overlap. What may be either counts as lost to a full table. */
function lossRates(
  table: Table,
  losses: Losses | undefined,
  release: Reading<KernelVersion>,
): Readonly<Record<'lost_rate' | 'clash_rate', Measured>> {
  const unknown = (['drop', 'insert_failed'] as const)
    .map((name) => rateOf(table, losses, name))
    .find(({ kind }) => kind !== 'value');
  if (unknown !== undefined || losses === undefined) {
    const why = unknown ?? UNSUPPORTED;
    return { lost_rate: why, clash_rate: why };
  }
  const { full, fullOrClash, chain, clash } = lostPackets(losses.events, release);
  const perSecond = (packets: number): Measured => ({ kind: 'value', value: packets / losses.seconds });
  return {
    lost_rate: perSecond(full + fullOrClash + chain),
    clash_rate: tellsClashes(losses.events, release) ? perSecond(clash) : UNSUPPORTED,
  };
}

// By one look alone growth that is real goes back now and then.
function isFalling(samples: readonly Sample[]): boolean {
  const [before, last, now] = samples.slice(-3).map(({ entries }) => entries);
  return before !== undefined && last !== undefined && now !== undefined && now < Math.min(before, last);
}

/** Why growth over the window is none of now. A table that finds no room has stopped growing because it is full. */
function slowingGrowth({ limit }: Table, samples: readonly Sample[], losses: Losses | undefined): Measured | undefined {
  const { drop = 0, early_drop = 0, chainlength = 0 } = losses?.events ?? {};
  if (drop + early_drop + chainlength > 0) return undefined;
  if (isFalling(samples)) return FALLING;
  return isSettling(samples, limit) ? SLOWING : undefined;
}

function forecast({ entries, limit }: Table, perSecond: number | undefined, slow: Measured | undefined) {
  if (perSecond === undefined) return { growth: TOO_FEW, time_to_full: TOO_FEW };
  const value = { kind: 'value', value: perSecond } as const;
  if (limit === 0) return { growth: value, time_to_full: { kind: 'none', why: 'no limit is set' } as const };
  const seconds = timeToFull(entries, limit, perSecond);
  if (seconds !== undefined && slow !== undefined) return { growth: value, time_to_full: slow };
  return {
    growth: value,
    time_to_full: seconds === undefined ? NOT_GROWING : ({ kind: 'value', value: seconds } as const),
  };
}

const TOO_FEW = { kind: 'none', why: 'too few samples in the window yet' } as const;
const SLOWING = { kind: 'none', why: 'growth is slowing' } as const;
const FALLING = { kind: 'none', why: 'fewer than at the looks before' } as const;
const NOT_GROWING = { kind: 'none', why: 'not growing' } as const;

function emptyTrend(why: Measured): Trend {
  const measured = { ...byRate(() => why), lost_rate: why, clash_rate: why, growth: why, time_to_full: why };
  return { measured, losses: undefined, lost: undefined, pace: undefined };
}
