// Metrics from earlier samples: loss rates, growth, and the time until the table is full.

import { byRate, type CounterName } from '../model/counters.ts';
import type { Reading } from '../model/fault.ts';
import type { KernelVersion } from '../model/machine.ts';
import type { BootClock } from '../model/observation.ts';
import type { History, Sample } from '../model/sample.ts';
import type { Table } from '../model/table.ts';
import { growthOf, sinceCollapse, stillGrows, timeToFull } from './forecast.ts';
import { type Lost, lostPackets, tellsClashes } from './losses.ts';
import { type LoweredLimit, loweredLimit } from './lowered-limit.ts';
import { type Measured, UNSUPPORTED } from './measurements.ts';
import type { HistoryMetric } from './metrics.ts';
import { baseSample, comparable, type Losses, lossesBetween } from './rates.ts';
import { isSettling } from './settling.ts';

export interface Trend {
  readonly measured: Readonly<Record<HistoryMetric, Measured>>;
  /** Counter events over the span of the rates; undefined if there are no rates. */
  readonly losses: Losses | undefined;
  /** The same as lost packets by cause. */
  readonly lost: Lost | undefined;
  /** Entries per second over that span. */
  readonly pace: number | undefined;
  readonly lowered: LoweredLimit | undefined;
}

/** Returns the sample to keep of a table; without counters it still has the entries. */
export function sampleOf({ entries, limit, statistics }: Table, { uptime }: BootClock): Sample {
  return { uptime, entries, limit, cpus: statistics.ok ? statistics.value.cpus : [] };
}

/** `history` is undefined without a state directory. */
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
  const losses = base === undefined ? undefined : lossesBetween(base, now);
  const pace = base === undefined ? undefined : (now.entries - base.entries) / (now.uptime - base.uptime);
  const samples = [...chain.filter(({ uptime }) => now.uptime - uptime <= window), now];
  const rates = {
    ...byRate((name) => rateOf(table, losses, name)),
    ...lossRates(table, losses, release),
  };
  // Without counters there is nothing to compare, which does not mean that nothing was lost.
  return {
    measured: { ...rates, ...forecast(table, samples, losses) },
    losses: table.statistics.ok ? losses : undefined,
    lost: table.statistics.ok && losses !== undefined ? lostPackets(losses.events, release) : undefined,
    pace,
    lowered: loweredLimit(now, chain),
  };
}

function rateOf({ statistics }: Table, losses: Losses | undefined, name: CounterName): Measured {
  if (!statistics.ok) return { kind: 'broken', fault: statistics.fault };
  const events = losses?.events[name];
  const isSupported = statistics.value.cpus.every((cpu) => cpu[name] !== undefined);
  if (losses === undefined || !isSupported) return UNSUPPORTED;
  if (events === undefined) return { kind: 'none', why: 'the counter was not available before' };
  return { kind: 'value', value: events / losses.seconds };
}

/**
 * Returns packets per second by cause, from counters that overlap. Packets lost to either cause count as lost to a full
 * table.
 */
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

// Two earlier samples, because entries go down now and then during real growth.
function isFalling(samples: readonly Sample[]): boolean {
  const [before, last, now] = samples.slice(-3).map(({ entries }) => entries);
  return before !== undefined && last !== undefined && now !== undefined && now < Math.min(before, last);
}

/**
 * Returns why growth over the window does not continue now. A table without space has stopped growing because it is
 * full.
 */
function slowingGrowth({ limit }: Table, samples: readonly Sample[], losses: Losses | undefined): Measured | undefined {
  const { drop = 0, early_drop = 0, chainlength = 0 } = losses?.events ?? {};
  if (drop + early_drop + chainlength > 0) return undefined;
  if (isFalling(samples)) return FALLING;
  if (isSettling(samples, limit)) return SLOWING;
  return stillGrows(samples) ? undefined : NOT_GROWING;
}

function forecast(table: Table, samples: readonly Sample[], losses: Losses | undefined) {
  const { entries, limit } = table;
  const perSecond = growthOf(samples);
  if (perSecond === undefined) return { growth: TOO_FEW, time_to_full: TOO_FEW };
  const value = { kind: 'value', value: perSecond } as const;
  if (limit === 0) return { growth: value, time_to_full: { kind: 'none', why: 'no limit is set' } as const };
  const since = sinceCollapse(samples);
  const recent = since.length === samples.length ? perSecond : growthOf(since);
  if (recent === undefined) return { growth: value, time_to_full: TOO_FEW };
  const seconds = timeToFull(entries, limit, recent);
  if (seconds === undefined) return { growth: value, time_to_full: NOT_GROWING };
  const slow = slowingGrowth(table, samples, losses);
  return { growth: value, time_to_full: slow ?? ({ kind: 'value', value: seconds } as const) };
}

const TOO_FEW = { kind: 'none', why: 'too few samples in the window yet' } as const;
const SLOWING = { kind: 'none', why: 'growth is slowing' } as const;
const FALLING = { kind: 'none', why: 'fewer entries than in the samples before' } as const;
const NOT_GROWING = { kind: 'none', why: 'not growing' } as const;

function emptyTrend(why: Measured): Trend {
  const measured = { ...byRate(() => why), lost_rate: why, clash_rate: why, growth: why, time_to_full: why };
  return { measured, losses: undefined, lost: undefined, pace: undefined, lowered: undefined };
}
