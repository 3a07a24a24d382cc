// When packets were lost, from the samples that earlier checks kept.

import type { Reading } from '../model/fault.ts';
import type { KernelVersion } from '../model/machine.ts';
import type { Sample } from '../model/sample.ts';
import { addLost, type Lost, lostPackets, packetsLost } from './losses.ts';
import { comparable, lossesBetween } from './rates.ts';

/** Packets lost between two consecutive samples, or over several consecutive intervals. */
export interface LossSpell {
  readonly lost: Lost;
  /** Seconds ago: `from` is the last sample before the loss, `to` the first one after it. */
  readonly from: number;
  readonly to: number;
  /** The last loss was at most this many seconds ago. */
  readonly within: number;
  /** Local time of both, `2026-11-23 03:01:44`; undefined for a captured tree, which has no time of day. */
  readonly first: string | undefined;
  readonly last: string | undefined;
}

export interface PastLosses {
  /** Seconds since the oldest sample that the present counters can be compared with. */
  readonly seconds: number;
  /** In order of time. */
  readonly spells: readonly LossSpell[];
}

/** Returns the local time a number of seconds ago. */
export type TimeAgo = (seconds: number) => string | undefined;

/** Undefined if no earlier sample can be compared with `now`. `past` is in order of time. */
export function pastLosses(
  now: Sample,
  past: readonly Sample[],
  release: Reading<KernelVersion>,
  timeAgo: TimeAgo,
): PastLosses | undefined {
  // A sample without counters shows no losses.
  const counting = past.filter(({ cpus }) => cpus.length > 0);
  const chain = now.cpus.length === 0 ? [] : comparable(now, counting);
  if (typeof chain === 'string') return undefined;
  const spells: LossSpell[] = [];
  chain.forEach((older, at) => {
    const newer = chain[at + 1] ?? now;
    const lost = lostPackets(lossesBetween(older, newer).events, release);
    const [from, to] = [now.uptime - older.uptime, now.uptime - newer.uptime];
    if (packetsLost(lost) > 0)
      addSpell(spells, { lost, from, to, within: from, first: timeAgo(from), last: timeAgo(to) });
  });
  return chain[0] === undefined ? undefined : { seconds: now.uptime - chain[0].uptime, spells };
}

function addSpell(spells: LossSpell[], next: LossSpell): void {
  const last = spells[spells.length - 1];
  if (last?.to !== next.from) spells.push(next);
  else spells[spells.length - 1] = { ...next, lost: addLost(last.lost, next.lost), from: last.from, first: last.first };
}
