// Incidents: which table is in trouble at a check, what it has lost since the check before, and when it last lost anything.

import type { Reading } from '../model/fault.ts';
import type { KernelVersion } from '../model/machine.ts';
import type { BootClock } from '../model/observation.ts';
import type { Sample } from '../model/sample.ts';
import type { Table } from '../model/table.ts';
import type { TableResult } from './evaluate.ts';
import type { Finding } from './judge.ts';
import { type Lost, lostPackets, NOTHING_LOST, packetsLost } from './losses.ts';
import { type MetricName, metricSpec } from './metrics.ts';
import { comparable, lossesBetween } from './rates.ts';

/** Why an incident is on: packets were lost in the window, the table is full, a metric is CRITICAL. */
export type IncidentSign = 'loss' | 'full' | 'critical';

/** One table as a check saw it. */
export interface CheckedTable {
  /** `net:<inode>` for a namespace of this machine, `tree:<path>` for a captured one. */
  readonly name: string;
  readonly table: Table;
  /** Empty: nothing is wrong with it. */
  readonly signs: readonly IncidentSign[];
  /** Packets lost in the window of the check. */
  readonly lost: Lost;
  /** Seconds that the window really spans; undefined without an earlier sample. */
  readonly seconds: number | undefined;
  /** Samples of earlier checks, in the order of time. */
  readonly past: readonly Sample[];
  readonly now: Sample;
}

/** A check with --record that has an incident to begin, to continue or to end. */
export interface IncidentCheck {
  readonly root: string;
  readonly objectSize: number | undefined;
  readonly stateDir: string;
  readonly clock: BootClock;
  readonly release: Reading<KernelVersion>;
  readonly tables: readonly CheckedTable[];
  /** True if every namespace of the machine was read: an incident of one that is not among the tables is over. */
  readonly isEverywhere: boolean;
}

export function incidentSigns({ lost = NOTHING_LOST, table, findings }: TableResult): readonly IncidentSign[] {
  return [
    ...(packetsLost(lost) > 0 ? (['loss'] as const) : []),
    ...(table.limit > 0 && table.entries >= table.limit ? (['full'] as const) : []),
    ...(findings.some(isCriticalNow) ? (['critical'] as const) : []),
  ];
}

// They are what the machine is set to.
const SETTING_METRICS: readonly MetricName[] = ['slab_max', 'memory_share', 'load_factor'];

/** Not a counter since boot, which would stay CRITICAL until the next one. */
function isCriticalNow(finding: Finding): boolean {
  if (finding.kind !== 'threshold' || finding.state !== 'critical') return false;
  return metricSpec(finding.metric).unit !== 'c' && !SETTING_METRICS.includes(finding.metric);
}

/** Packets lost, and in how many seconds. */
export interface LostInTime {
  readonly lost: Lost;
  readonly seconds: number;
}

/** Returns the packets lost since a moment of the same boot, from the sample next to it. */
export function lostSince(
  uptime: number,
  { past, now }: Pick<CheckedTable, 'past' | 'now'>,
  release: Reading<KernelVersion>,
): LostInTime {
  const chain = comparable(now, past);
  // Another check at the same time has counted it already.
  if (typeof chain === 'string' || now.uptime <= uptime) return { lost: NOTHING_LOST, seconds: 0 };
  const earlier = chain.filter((sample) => sample.uptime <= uptime);
  const base = earlier[earlier.length - 1] ?? chain[0] ?? now;
  const { seconds, events } = lossesBetween(base, now);
  return { lost: lostPackets(events, release), seconds };
}

/** When a table last lost a packet, in seconds before now: not less than `least`, and not more than `most`. */
export interface LastLoss {
  readonly least: number;
  readonly most: number;
}

/** By the newest two samples between which packets were lost; undefined if there are none. */
export function lastLoss(
  { past, now }: Pick<CheckedTable, 'past' | 'now'>,
  release: Reading<KernelVersion>,
): LastLoss | undefined {
  const chain = comparable(now, past);
  if (typeof chain === 'string') return undefined;
  const samples = [...chain, now];
  for (let at = samples.length - 1; at > 0; at--) {
    const [older = now, newer = now] = [samples[at - 1], samples[at]];
    if (packetsLost(lostPackets(lossesBetween(older, newer).events, release)) > 0)
      return { least: now.uptime - newer.uptime, most: now.uptime - older.uptime };
  }
  return undefined;
}
