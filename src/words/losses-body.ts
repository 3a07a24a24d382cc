// Lost packets and metrics of a table in JSON, for every document.

import type { TableResult } from '../evaluate/evaluate.ts';
import type { Lost } from '../evaluate/losses.ts';
import { METRIC_NAMES, type MetricName } from '../evaluate/metrics.ts';
import type { ColumnName } from '../model/counters.ts';
import type { Count } from './body-types.ts';

/** Events since the older of two samples; a counter that the kernel lacks has no key. */
export interface LossesBody {
  /**
   * time between the samples
   *
   * @exclusiveMinimum 0
   */
  readonly seconds: number;
  readonly events: Readonly<Partial<Record<ColumnName, Count>>>;
  /** packets lost by cause; each is counted once */
  readonly lost: LostBody;
}

export interface LostBody {
  readonly table_full: Count;
  /** an entry with the same tuple existed: NAT found no free port, or two packets of one new flow arrived together */
  readonly clash: Count;
  readonly long_chain: Count;
  /** one of the first two: this kernel's counters do not say which */
  readonly table_full_or_clash: Count;
}

export function lossesBody({ losses, lost }: TableResult): LossesBody | null {
  if (losses === undefined || lost === undefined) return null;
  return { seconds: losses.seconds, events: losses.events, lost: lostBody(lost) };
}

export function lostBody({ full, clash, chain, fullOrClash }: Lost): LostBody {
  return { table_full: full, clash, long_chain: chain, table_full_or_clash: fullOrClash };
}

/** Returns the metrics that have a value. */
export function valuesOf(measurements: TableResult['measurements']): Readonly<Partial<Record<MetricName, number>>> {
  const values = METRIC_NAMES.flatMap((name) => {
    const measured = measurements[name];
    return measured.kind === 'value' ? [[name, measured.value] as const] : [];
  });
  return Object.fromEntries(values);
}
