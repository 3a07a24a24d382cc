// The timeouts that keep the entries of a list in JSON.

import type { Count, InPlace } from '../../words/body-types.ts';
import type { Holdings } from './holders.ts';
import type { TimeoutBy } from './timeouts.ts';

export interface TimeoutBody {
  readonly name: string;
  /** in force; by the entries it is at least this */
  readonly seconds: Count | null;
  /** Evidence of that: the sysctl; entries that have more left; or all of them so little that their data is not acknowledged. */
  readonly by: InPlace<TimeoutBy>;
  /** the sysctl */
  readonly set_seconds: Count | null;
  readonly entries: Count;
  readonly longest_seconds_left: Count;
  readonly shorter_seconds: Count | null;
  readonly shorter_would_have_ended: Count;
}

export function timeoutsBody({ timeouts }: Holdings): readonly TimeoutBody[] {
  return timeouts.map(({ name, seconds, by, set, entries, longest, shorter, ended }) => ({
    name,
    seconds: seconds ?? null,
    by,
    set_seconds: set ?? null,
    entries,
    longest_seconds_left: longest,
    shorter_seconds: shorter ?? null,
    shorter_would_have_ended: ended,
  }));
}
