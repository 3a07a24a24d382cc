// Lost packets in words, told apart by why.

import type { TableResult } from '../evaluate/evaluate.ts';
import type { Lost } from '../evaluate/losses.ts';
import type { CounterName } from '../model/counters.ts';
import { COUNTER_WORDS } from './counter-words.ts';
import { durationWords } from './words.ts';

type LossCause = keyof Lost;

const CAUSE_WORDS: Readonly<Record<LossCause, (packets: number) => string>> = {
  full: (packets) => `${countedPackets(packets, 'packet')} dropped`,
  clash: (packets) => `${countedPackets(packets, 'packet')} lost to clashes (as when NAT has no free port)`,
  fullOrClash: (packets) => `${countedPackets(packets, 'packet')} dropped (table full, or a clash)`,
  chain: (packets) => (packets === 1 ? '1 refused by a long hash chain' : `${packets} refused by long hash chains`),
};
const ALL: readonly LossCause[] = ['full', 'clash', 'fullOrClash', 'chain'];

/** Which of them a counter's events are of; what it says of others is said of these already. */
const OF_COUNTER: Readonly<Partial<Record<CounterName, readonly LossCause[]>>> = {
  drop: ['full', 'clash', 'fullOrClash'],
  insert_failed: ['clash', 'chain'],
  chainlength: ['chain'],
};

function countedPackets(some: number, what: string): string {
  return `${some} ${what}${some === 1 ? '' : 's'}`;
}

/** `1204 packets dropped in the last 60 s`, but for what the rates of these counters tell; empty for nothing. */
export function lossWords({ lost, losses }: TableResult, named: readonly CounterName[] = []): string {
  if (lost === undefined || losses === undefined) return '';
  const said = named.flatMap((name) => OF_COUNTER[name] ?? []);
  return inTheLast(
    lossCauses(
      lost,
      ALL.filter((cause) => !said.includes(cause)),
    ),
    losses.seconds,
  );
}

/** What the rate of a counter comes to in events; of lost packets with their cause. */
export function rateWords({ lost, losses }: TableResult, counter: CounterName): string {
  if (lost === undefined || losses === undefined) return '';
  const causes = counter === 'insert_failed' ? undefined : OF_COUNTER[counter];
  const words = causes === undefined ? eventWords(losses.events[counter] ?? 0, counter) : lossCauses(lost, causes);
  return inTheLast(words, losses.seconds);
}

function inTheLast(words: readonly string[], seconds: number): string {
  return words.length === 0 ? '' : `${words.join(', ')} in the last ${durationWords(seconds)}`;
}

function lossCauses(lost: Lost, causes: readonly LossCause[]): readonly string[] {
  return causes.flatMap((cause) => (lost[cause] === 0 ? [] : [CAUSE_WORDS[cause](lost[cause])]));
}

function eventWords(events: number, counter: CounterName): readonly string[] {
  const [one, more] = COUNTER_WORDS[counter].event;
  return events === 0 ? [] : [`${events} ${events === 1 ? one : more}`];
}

/**
 * Where nothing tells when: `37 dropped since boot`, but for what is said of these counters; empty for nothing, and where
 * it is not known.
 */
export function sinceBootWords({ lostSinceBoot: lost }: TableResult, named: readonly CounterName[]): string {
  if (lost === undefined) return '';
  const said = named.flatMap((name) => OF_COUNTER[name] ?? []);
  const words = ALL.filter((cause) => lost[cause] > 0 && !said.includes(cause)).map((cause) => {
    return `${lost[cause]} ${SINCE_BOOT[cause]}`;
  });
  return words.length === 0 ? '' : `${words.join(', ')} since boot`;
}

const SINCE_BOOT: Readonly<Record<LossCause, string>> = {
  full: 'dropped',
  clash: 'lost to clashes',
  fullOrClash: 'dropped (table full, or a clash)',
  chain: 'refused by long hash chains',
};
