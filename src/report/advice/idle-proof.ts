// Proof that open connections are idle, and the advice to keep them if there is none.
//   When    a group has a tenth of the entries and looks idle, but may be in use
//   Cost    none: nothing is removed

import type { OwnAddresses } from '../../kernel/namespaces/own-addresses.ts';
import type { SshAccess } from '../../model/ssh-access.ts';
import { percentWords } from '../../words/words.ts';
import { protocolWords } from '../list/address.ts';
import type { Arrivals } from '../list/arrivals.ts';
import { STATES } from '../list/entry.ts';
import type { Group } from '../list/holders.ts';
import type { OpenGroup } from '../list/open-timers.ts';
import type { TimerOrigin } from './case.ts';
import { PASSING, type Step, typedStep } from './step.ts';
import { NEARLY_ALL } from './suspicion.ts';

/** Connections that look idle without proof: nothing is removed. */
export interface UnprovenAdvice {
  readonly kind: 'unproven';
  readonly group: Group;
  readonly of: number;
  readonly why: Unproven;
}

/**
 * `once`: a single reading. `few`: too few were read twice. `used`: packets came in between. `young`: not idle for
 * long.
 */
export type Unproven = Exclude<TimerOrigin, 'sysctls'> | 'once' | 'few' | 'used' | 'young';

/** The evidence of whether open connections are in use. */
export interface UseEvidence {
  readonly ssh: SshAccess;
  readonly own: OwnAddresses;
  readonly arrivals?: Pick<Arrivals, 'open'> | undefined;
  readonly timers: TimerOrigin;
}

// If each connection had a packet in five minutes, three of this many would have had one between the readings.
const LEAST_SECONDS_WATCHED = 900;
const MOST_USED = 0.001;

/**
 * Why the connections of a group may be in use; undefined if they are idle: their remaining time shows it, nothing
 * gives them another timeout than the sysctl, and between two readings hardly any had a packet.
 */
export function unprovenBy({ state, port }: Group, { arrivals, timers }: UseEvidence): Unproven | undefined {
  if (timers !== 'sysctls') return timers;
  const open = arrivals?.open ?? [];
  if (open.length === 0) return 'once';
  const twice = open.find((each) => each.state === state && each.port === port);
  return twice === undefined ? 'few' : useOfTimers(twice);
}

function useOfTimers({ both, reset, idle, seconds }: OpenGroup): Unproven | undefined {
  if (reset > MOST_USED * both) return 'used';
  if (both * seconds < LEAST_SECONDS_WATCHED) return 'few';
  return idle < NEARLY_ALL * both ? 'young' : undefined;
}

const WATCH_LONGER = 'report --interval 60 on the running machine compares two readings a minute apart.';

const REASONS: Readonly<Record<Unproven, string>> = {
  policies:
    'Rules give entries timeouts of their own (ct timeout): the remaining time does not show how long a connection was idle.',
  conntrackd:
    'conntrackd may have copied entries from another machine, with timeouts of its own: the remaining time does not show how long a connection was idle.',
  unknown:
    'The rules could not be read: if they give entries timeouts of their own (ct timeout), the remaining time does not show how long a connection was idle.',
  once: `The list was read once: it does not show whether packets still arrive. ${WATCH_LONGER}`,
  few: `Too few of them were read twice to show whether packets still arrive. ${WATCH_LONGER}`,
  used: 'Some of them had packets between two readings: they are in use.',
  young:
    'The entries that were read twice were not idle for long, wait for an acknowledgement, or all have about the same time left, as under another timeout.',
};

export function unprovenStep({ group, of, why }: UnprovenAdvice): Step {
  return {
    title: `Do not remove the ${groupName(group)} entries to port ${group.port} (${percentWords((100 * group.entries) / of)}): they may be in use.`,
    ...typedStep('', []),
    notes: [REASONS[why]],
    ...PASSING,
  };
}

export function groupName({ protocol, state }: Group): string {
  return [protocolWords(protocol), STATES[state] ?? ''].filter(Boolean).join(' ');
}
