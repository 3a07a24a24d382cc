// The metrics that need history: rates of loss, growth, and the time until the table is full.

import type { CounterName, Facts, History, Reading } from '../facts.ts';
import { growth, timeToFull } from './forecast.ts';
import type { Measured } from './measure.ts';
import type { HistoryMetric } from './metrics.ts';
import { comparable, type Losses, lossesSince } from './rates.ts';

export interface Trend {
  readonly measured: Readonly<Record<HistoryMetric, Measured>>;
  /** What was lost over the time that the rates are of; undefined where there is no rate. */
  readonly losses: Losses | undefined;
}

/** A table that was looked at, in whichever namespace. */
type Table = Pick<Facts, 'count' | 'max' | 'statistics'>;

export function trendOf(facts: Table, history: Reading<History>): Trend {
  if (!history.ok) return everything({ kind: 'broken', fault: history.fault });
  const { now, past, window } = history.value;
  const chain = typeof past === 'string' ? past : comparable(now, past);
  if (typeof chain === 'string') return everything({ kind: 'none', why: chain });

  const losses = lossesSince(now, chain, window);
  const samples = [...chain.filter(({ uptime }) => now.uptime - uptime <= window), now];
  const rate = (name: CounterName) => rateOf(facts, losses, name);
  const rates = {
    drop_rate: rate('drop'),
    early_drop_rate: rate('early_drop'),
    insert_failed_rate: rate('insert_failed'),
    chainlength_rate: rate('chainlength'),
  };
  return { measured: { ...rates, ...forecast(facts, growth(samples)) }, losses };
}

function rateOf({ statistics }: Table, losses: Losses | undefined, name: CounterName): Measured {
  if (!statistics.ok) return { kind: 'broken', fault: statistics.fault };
  const events = losses?.events[name];
  const told = statistics.value.cpus.every((cpu) => cpu[name] !== undefined);
  if (losses === undefined || !told) return { kind: 'none', why: 'unsupported by this kernel' };
  if (events === undefined) return { kind: 'none', why: 'the counter was not told before' };
  return { kind: 'value', value: events / losses.seconds };
}

function forecast({ count, max }: Table, perSecond: number | undefined) {
  if (perSecond === undefined) return { growth: TOO_FEW, time_to_full: TOO_FEW };
  const value = { kind: 'value', value: perSecond } as const;
  if (max === 0) return { growth: value, time_to_full: { kind: 'none', why: 'no limit is set' } as const };
  const seconds = timeToFull(count, max, perSecond);
  return {
    growth: value,
    time_to_full: seconds === undefined ? NOT_GROWING : ({ kind: 'value', value: seconds } as const),
  };
}

const TOO_FEW = { kind: 'none', why: 'too few samples in the window yet' } as const;
const NOT_GROWING = { kind: 'none', why: 'not growing' } as const;

function everything(why: Measured): Trend {
  const measured = {
    drop_rate: why,
    early_drop_rate: why,
    insert_failed_rate: why,
    chainlength_rate: why,
    growth: why,
    time_to_full: why,
  };
  return { measured, losses: undefined };
}
