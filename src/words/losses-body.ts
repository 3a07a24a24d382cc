// Lost packets and metrics of a table as JSON names them, for every document.

import type { TableResult } from '../evaluate/evaluate.ts';
import type { Lost } from '../evaluate/losses.ts';
import { METRIC_NAMES, type MetricName } from '../evaluate/metrics.ts';
import type { ColumnName } from '../model/counters.ts';
import type { Count } from './body-types.ts';

/** Events since the sample that was compared with; a counter that the kernel lacks has no key. */
export interface LossesBody {
  /**
   * since that sample
   *
   * @exclusiveMinimum 0
   */
  readonly seconds: number;
  readonly events: Readonly<Partial<Record<ColumnName, Count>>>;
  /** packets lost, each of them in one of these */
  readonly lost: LostBody;
}

export interface LostBody {
  readonly table_full: Count;
  /** to an entry with the same tuple: NAT found no free port, or two packets of one new flow came at once */
  readonly clash: Count;
  readonly long_chain: Count;
  /** to either of the first two: this kernel's counters do not tell which */
  readonly table_full_or_clash: Count;
}

export function lossesBody({ losses, lost }: TableResult): LossesBody | null {
  if (losses === undefined || lost === undefined) return null;
  return { seconds: losses.seconds, events: losses.events, lost: lostBody(lost) };
}

export function lostBody({ full, clash, chain, fullOrClash }: Lost): LostBody {
  return { table_full: full, clash, long_chain: chain, table_full_or_clash: fullOrClash };
}

/** Those that have one. */
export function valuesOf(measurements: TableResult['measurements']): Readonly<Partial<Record<MetricName, number>>> {
  const values = METRIC_NAMES.flatMap((name) => {
    const measured = measurements[name];
    return measured.kind === 'value' ? [[name, measured.value] as const] : [];
  });
  return Object.fromEntries(values);
}
