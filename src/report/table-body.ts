// The table of a namespace in JSON, with its losses.

import type { MetricName } from '../evaluate/metrics.ts';
import type { PastLosses } from '../evaluate/past-losses.ts';
import type { State } from '../evaluate/state.ts';
import type { Count, InPlace } from '../words/body-types.ts';
import { type LossesBody, type LostBody, lossesBody, lostBody, valuesOf } from '../words/losses-body.ts';
import { type NamespaceBody, namespaceBody } from '../words/namespace-body.ts';
import type { LoweredThen } from './diagnosis/recollection.ts';
import type { TableDiagnosis } from './diagnosis/table-trouble.ts';
import type { ReportFindings } from './report-findings.ts';

export interface TableBody extends NamespaceBody {
  readonly state: State;
  readonly trouble: InPlace<TableDiagnosis['trouble']>;
  readonly metrics: Readonly<Partial<Record<MetricName, number>>>;
  /** between the two samples of the report; null with only one */
  readonly losses: LossesBody | null;
  /** from the samples of earlier checks; null without a sample of this boot */
  readonly past_losses: PastLossesBody | null;
  readonly growth_per_second: number | null;
  /** the last change of the limit, if it lowered the limit, by the samples of earlier checks; else null */
  readonly limit_lowered: LoweredBody | null;
}

interface LoweredBody {
  /** 0 is no limit */
  readonly limit_before: Count;
  readonly limit_after: Count;
  /** local time of the last sample with the limit before; null for a captured tree */
  readonly first: string | null;
  /** local time of the first sample with the limit after; null for a captured tree */
  readonly last: string | null;
  /** @minimum 0 */
  readonly last_seconds_ago: number;
}

interface PastLossesBody {
  /**
   * since the oldest sample
   *
   * @minimum 0
   */
  readonly seconds: number;
  /** oldest first */
  readonly spells: readonly SpellBody[];
}

interface SpellBody {
  /** local time of the last sample before the loss; null for a captured tree */
  readonly first: string | null;
  /** local time of the first sample after the loss; null for a captured tree */
  readonly last: string | null;
  /** @minimum 0 */
  readonly last_seconds_ago: number;
  readonly lost: LostBody;
}

export function namespaceTableBody(
  { identities, recollection }: ReportFindings,
  { result, state, trouble }: TableDiagnosis,
): TableBody {
  const { table, measurements, pace } = result;
  return {
    ...namespaceBody(identities, table),
    state,
    trouble,
    metrics: valuesOf(measurements),
    losses: lossesBody(result),
    past_losses: pastLossesBody(recollection.pasts.get(table.key)),
    growth_per_second: pace ?? null,
    limit_lowered: loweredBody(recollection.lowered.get(table.key)),
  };
}

function loweredBody(lowered: LoweredThen | undefined): LoweredBody | null {
  if (lowered === undefined) return null;
  const { limitBefore, limitAfter, first = null, last = null, to } = lowered;
  return { limit_before: limitBefore, limit_after: limitAfter, first, last, last_seconds_ago: to };
}

function pastLossesBody(past: PastLosses | undefined): PastLossesBody | null {
  if (past === undefined) return null;
  const spells = past.spells.map(({ first, last, to, lost }) => {
    return { first: first ?? null, last: last ?? null, last_seconds_ago: to, lost: lostBody(lost) };
  });
  return { seconds: past.seconds, spells };
}
