// When an entry began, by one reading of a list: from its remaining time and the timeout of its state.

import type { Marks } from './digest.ts';
import { type Entry, STATES } from './entry.ts';
import { CLASSES, classAt, classOf } from './entry-class.ts';
import { shorterTimeout, type Timeouts, timeoutName } from './timeouts.ts';

/** The age up to which an entry counts as fresh. */
export const FRESH_SECONDS = 2;

const TCP_NUMBER = 6;
const SYN_RECV = STATES.indexOf('SYN_RECV');
const ESTABLISHED = STATES.indexOf('ESTABLISHED');
// The timeout while data is not acknowledged or is retransmitted (tcp_timeout_unacknowledged, _max_retrans).
const UNSETTLED_SECONDS = 300;

/** The times that an entry's remaining time is compared with; -1 if unknown. */
export function marksOf(timeouts: Timeouts, freshSeconds = FRESH_SECONDS): Marks {
  const [endedAt, given] = [new Int32Array(CLASSES).fill(-1), new Int32Array(CLASSES).fill(-1)];
  given.forEach((_, place) => {
    const name = timeoutName(classAt(place));
    const seconds = timeouts.get(name);
    if (seconds === undefined) return;
    given[place] = seconds;
    endedAt[place] = seconds - (shorterTimeout(name, seconds) ?? seconds + 1);
  });
  const unsettled = ['tcp_timeout_unacknowledged', 'tcp_timeout_max_retrans'].map((name) => timeouts.get(name) ?? 0);
  return { endedAt, given, freshSeconds, unsettled: Math.max(UNSETTLED_SECONDS, ...unsettled) };
}

/**
 * True if the entry began a moment ago, or is retried without a reply. An entry with a reply may have any age: each
 * packet resets its timer.
 */
export function isFresh(entry: Entry, { given, freshSeconds }: Marks): boolean {
  if (!entry.unreplied && entry.state !== SYN_RECV) return false;
  const seconds = given[classOf(entry)] ?? -1;
  return entry.seconds <= seconds && entry.seconds >= seconds - freshSeconds && !entry.offloaded;
}

/**
 * True if the entry may be as young as that. A list that changes while it is read may lack an entry that is not new.
 */
export function canBeYoung(entry: Entry, given: Int32Array, age: number): boolean {
  const { seconds, offloaded, protocol, state } = entry;
  const most = given[classOf(entry)] ?? -1;
  if (offloaded || seconds >= most - age) return true;
  const isUnsettled = protocol === TCP_NUMBER && state === ESTABLISHED;
  return isUnsettled && seconds <= UNSETTLED_SECONDS && seconds >= UNSETTLED_SECONDS - age;
}
