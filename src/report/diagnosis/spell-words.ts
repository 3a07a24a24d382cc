// Past losses in words.

import { type Lost, packetsLost } from '../../evaluate/losses.ts';
import type { LossSpell } from '../../evaluate/past-losses.ts';
import { grouped } from '../../words/prose.ts';
import { durationWords } from '../../words/words.ts';
import type { LoweredThen } from './recollection.ts';

// Seconds. A shorter span is printed with seconds, an older one with the day.
const SHORT_SPAN = 120;
const SAME_DAY = 43_200;

/** `4,001 packets were lost between 17:55 and 18:00`. */
export function spellWords(spell: LossSpell): string {
  const { lost } = spell;
  const packets = packetsLost(lost);
  const words = packets === 1 ? '1 packet was lost' : `${grouped(packets)} packets were lost`;
  return `${words}${singleCauseWords(lost)} ${whenWords(spell)}`;
}

/** `the limit was lowered from 262,144 to 65,536 between 21:03 and 21:04`. */
export function loweredWords(lowered: LoweredThen): string {
  const { limitBefore, limitAfter } = lowered;
  const before = limitBefore === 0 ? 'none' : grouped(limitBefore);
  return `the limit was lowered from ${before} to ${grouped(limitAfter)} ${whenWords(lowered)}`;
}

function whenWords({ from, to, first, last }: Omit<LossSpell, 'lost' | 'within'>): string {
  if (first === undefined || last === undefined) {
    const span =
      to <= 0 ? `in the last ${durationWords(from)}` : `between ${durationWords(from)} and ${durationWords(to)}`;
    return `${span} before the capture`;
  }
  const form = (time: string) =>
    time.slice(from > SAME_DAY ? 0 : 'YYYY-MM-DD '.length, from - to < SHORT_SPAN ? undefined : -':SS'.length);
  return to <= 0 ? `since ${form(first)}` : `between ${form(first)} and ${form(last)}`;
}

function singleCauseWords({ full, clash, chain }: Lost): string {
  const packets = packetsLost({ full, clash, chain, fullOrClash: 0 });
  if (packets === 0) return '';
  if (clash === packets) return ' to clashes';
  if (full === packets) return ' because the table was full';
  return chain === packets ? ' to long hash chains' : '';
}

/** Packets by cause; empty if none were lost. */
export function causesOfLoss({ full, fullOrClash, clash, chain }: Lost): string {
  return [
    countedEvents(full + fullOrClash, 'dropped'),
    countedEvents(clash, 'lost to clashes'),
    countedEvents(chain, 'refused for long chains'),
  ]
    .filter(Boolean)
    .join(', ');
}

function countedEvents(events: number, words: string): string {
  return events === 0 ? '' : `${grouped(events)} ${words}`;
}
