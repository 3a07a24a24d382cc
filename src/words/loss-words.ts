// Lost packets in words, by cause.

import type { TableResult } from '../evaluate/evaluate.ts';
import type { Lost } from '../evaluate/losses.ts';
import type { MetricName } from '../evaluate/metrics.ts';
import { COUNTER_NAMES, type CounterName } from '../model/counters.ts';
import { COUNTER_WORDS } from './counter-words.ts';
import { durationWords } from './words.ts';

type LossCause = keyof Lost;

const CAUSE_WORDS: Readonly<Record<LossCause, (packets: number) => string>> = {
  full: (packets) => `${countedPackets(packets, 'packet')} dropped`,
  clash: (packets) => `${countedPackets(packets, 'packet')} lost to clashes (such as NAT without a free port)`,
  fullOrClash: (packets) => `${countedPackets(packets, 'packet')} dropped (table full, or a clash)`,
  chain: (packets) => (packets === 1 ? '1 refused for a long hash chain' : `${packets} refused for long hash chains`),
};
const ALL: readonly LossCause[] = ['full', 'clash', 'fullOrClash', 'chain'];

const DROPPED = ['full', 'clash', 'fullOrClash'] as const;
const FAILED = ['clash', 'chain'] as const;
/** The causes that a metric counts. */
const OF_METRIC: Readonly<Partial<Record<MetricName, readonly LossCause[]>>> = {
  drop: DROPPED,
  drop_rate: DROPPED,
  insert_failed: FAILED,
  insert_failed_rate: FAILED,
  chainlength: ['chain'],
  chainlength_rate: ['chain'],
  lost_rate: ['full', 'fullOrClash', 'chain'],
  clash_rate: ['clash'],
};

function countedPackets(packets: number, what: string): string {
  return `${packets} ${what}${packets === 1 ? '' : 's'}`;
}

/** `1204 packets dropped in the last 60 s`, without the causes that these metrics name; empty if nothing was lost. */
export function lossWords({ lost, losses }: TableResult, named: readonly MetricName[] = []): string {
  if (lost === undefined || losses === undefined) return '';
  return inTheLast(lossCauses(lost, causesWithout(named)), losses.seconds);
}

/** Returns the number of events instead of a rate, for losses with the cause; empty if the metric is not a rate of a counter. */
export function rateWords({ lost, losses }: TableResult, metric: MetricName): string {
  const counter = COUNTER_NAMES.find((name) => metric === `${name}_rate`);
  const causes = counter === 'insert_failed' ? undefined : OF_METRIC[metric];
  if (lost === undefined || losses === undefined) return '';
  if (causes !== undefined) return inTheLast(lossCauses(lost, causes), losses.seconds);
  return counter === undefined ? '' : inTheLast(eventWords(losses.events[counter] ?? 0, counter), losses.seconds);
}

function causesWithout(named: readonly MetricName[]): readonly LossCause[] {
  const counted = named.flatMap((name) => OF_METRIC[name] ?? []);
  return ALL.filter((cause) => !counted.includes(cause));
}

function inTheLast(words: readonly string[], seconds: number): string {
  return words.length === 0 ? '' : `${words.join(', ')} in the last ${durationWords(seconds)}`;
}

function lossCauses(lost: Lost, causes: readonly LossCause[]): readonly string[] {
  return causes.flatMap((cause) => (lost[cause] === 0 ? [] : [CAUSE_WORDS[cause](lost[cause])]));
}

function eventWords(events: number, counter: CounterName): readonly string[] {
  const [singular, plural] = COUNTER_WORDS[counter].event;
  return events === 0 ? [] : [`${events} ${events === 1 ? singular : plural}`];
}

/** `since boot: 37 dropped`, without the causes that these metrics name; empty if nothing was lost, or if it is unknown. */
export function sinceBootWords({ lostSinceBoot: lost }: TableResult, named: readonly MetricName[]): string {
  if (lost === undefined) return '';
  const words = causesWithout(named)
    .filter((cause) => lost[cause] > 0)
    .map((cause) => `${lost[cause]} ${SINCE_BOOT[cause]}`);
  return words.length === 0 ? '' : `since boot: ${words.join(', ')}`;
}

const SINCE_BOOT: Readonly<Record<LossCause, string>> = {
  full: 'dropped',
  clash: 'lost to clashes',
  fullOrClash: 'dropped (table full, or a clash)',
  chain: 'refused for long hash chains',
};
