// The result of the check as JSON.

import type { Evaluation, TableResult } from '../evaluate/evaluate.ts';
import type { Certainty } from '../evaluate/extensions.ts';
import { hashTableNow, type ObjectOrigin } from '../evaluate/footprint.ts';
import type { Finding } from '../evaluate/judge.ts';
import type { Measured } from '../evaluate/measurements.ts';
import { byMetric, type MetricName, metricSpec } from '../evaluate/metrics.ts';
import { formatRange } from '../evaluate/range.ts';
import type { State } from '../evaluate/state.ts';
import type { Ranges } from '../evaluate/thresholds.ts';
import type { Generation } from '../model/generation.ts';
import type { View } from '../model/machine.ts';
import type { Visibility } from '../model/observation.ts';
import type { Count, InPlace } from '../words/body-types.ts';
import { driftWords } from '../words/drift-words.ts';
import { faultWords } from '../words/faults.ts';
import type { Head } from '../words/json.ts';
import { type LossesBody, lossesBody, valuesOf } from '../words/losses-body.ts';
import type { Evaluated } from '../words/message.ts';
import { type NamespaceBody, namespaceBody } from '../words/namespace-body.ts';
import { MOST_LISTED } from '../words/namespaces.ts';
import { foreignPath } from '../words/words.ts';

export interface FailedCheckBody {
  /** null if there is no table */
  readonly table: null;
}

export interface CheckBody {
  readonly table: {
    readonly generation: Generation;
    readonly view: View;
    /** true for the initial network namespace, whose limit the machine's files set; null if unknown */
    readonly initial_namespace: boolean | null;
    /** entries */
    readonly count: Count;
    /** 0 is no limit */
    readonly max: Count;
    readonly buckets: Count | null;
    /** sources of the figures */
    readonly sources: { readonly count: string; readonly max: string };
  };
  readonly metrics: Readonly<Record<MetricName, MetricBody>>;
  readonly findings: readonly FindingBody[];
  /** null without history */
  readonly losses: LossesBody | null;
  /** the limit, if it is below the configured one, in words */
  readonly drift: string | null;
  /** null if the size of an entry is unknown */
  readonly memory: MemoryBody | null;
  /** null without --netns all */
  readonly namespaces: NamespacesBody | null;
}

export interface MetricBody {
  /** not rounded */
  readonly value: number | null;
  /** c is a counter since boot */
  readonly unit: '' | '%' | 'B' | 'c' | 's';
  /** range of the Monitoring Plugins guidelines */
  readonly warning?: string;
  /** range of the Monitoring Plugins guidelines */
  readonly critical?: string;
  /** why there is no value, unless that is a fault */
  readonly reason?: string;
  /** the fault, if it could not be read */
  readonly fault?: string;
}

export interface FindingBody {
  readonly kind: Finding['kind'];
  readonly state: State;
  readonly metric?: MetricName;
  readonly value?: number;
  /** the range that alerts */
  readonly range?: string;
  /** why it could not be judged */
  readonly fault?: string;
  /** key of namespaces.listed; null for this one */
  readonly namespace: string | null;
}

/** The memory of an entry and of the hash table. */
export interface MemoryBody {
  readonly origin: ObjectOrigin;
  readonly object_size_bytes: Count;
  readonly objects_per_slab: Count;
  readonly slab_bytes: Count;
  readonly extension_bytes: Count;
  /** certainty of the size: memory that could not be seen adds to it */
  readonly certainty: InPlace<Certainty>;
  readonly extension_bytes_at_most: Count;
  readonly hash_table_bytes: Count | null;
  readonly mem_total_bytes: Count | null;
}

export interface NamespacesBody {
  /** including this one and those that could not be read */
  readonly found: Count;
  /** the least number that must exist */
  readonly at_least: Count;
  /** the processes that were visible */
  readonly processes: Visibility['processes'];
  readonly hidepid: string | null;
  readonly mounts_not_entered: Count;
  readonly mounts_known: boolean;
  /**
   * first those with a finding or a loss, the worst first, then the fullest
   *
   * @maxItems 20
   */
  readonly listed: readonly ListedNamespace[];
  /** @maxItems 10 */
  readonly unread: readonly UnreadNamespace[];
  readonly unread_count: Count;
}

// Never the one that the command is about, so its key is never null.
interface OtherNamespace extends NamespaceBody {
  /**
   * constant for a namespace within one boot
   *
   * @asType string
   */
  readonly key: NamespaceBody['key'];
}

export interface ListedNamespace extends OtherNamespace {
  readonly state: State;
  readonly metrics: Readonly<Partial<Record<MetricName, number>>>;
  /** null without history */
  readonly losses: LossesBody | null;
}

export interface UnreadNamespace extends OtherNamespace {
  /** why */
  readonly fault: string;
}

export function checkBody(evaluated: Evaluated | undefined): CheckBody | FailedCheckBody {
  if (evaluated === undefined) return { table: null };
  const { evaluation } = evaluated;
  const { observation, results, remarkable, drift } = evaluation;
  const [own] = results;
  const { machine } = observation;
  const { table } = own;
  return {
    table: {
      generation: machine.generation,
      view: machine.view,
      initial_namespace: table.isInitial ?? null,
      count: table.entries,
      max: table.limit,
      buckets: machine.buckets.ok ? machine.buckets.value : null,
      sources: { count: foreignPath(table.entriesSource), max: foreignPath(table.limitSource) },
    },
    metrics: byMetric((name) => metricBody(name, own.measurements[name], own.ranges[name])),
    findings: [own, ...remarkable].flatMap(findingBodies),
    losses: lossesBody(own),
    drift: drift?.kind === 'below' ? driftWords(drift) : null,
    memory: checkMemoryBody(evaluation),
    namespaces: namespacesBody(evaluated),
  };
}

function metricBody(metric: MetricName, measured: Measured, ranges: Ranges): MetricBody {
  const { unit } = metricSpec(metric);
  const bounds = {
    ...(ranges.warning === undefined ? {} : { warning: formatRange(ranges.warning) }),
    ...(ranges.critical === undefined ? {} : { critical: formatRange(ranges.critical) }),
  };
  switch (measured.kind) {
    case 'value':
      return { value: measured.value, unit, ...bounds };
    case 'none':
      return { value: null, unit, reason: measured.why, ...bounds };
    case 'broken':
      return { value: null, unit, fault: faultWords(measured.fault), ...bounds };
  }
}

function findingBodies({ table, findings }: TableResult): readonly FindingBody[] {
  const namespace = table.isOwn ? null : table.key;
  return findings.map((finding) => ({ ...findingBody(finding), namespace }));
}

function findingBody(finding: Finding): Omit<FindingBody, 'namespace'> {
  const { kind, state } = finding;
  switch (finding.kind) {
    case 'threshold':
      return { kind, state, metric: finding.metric, value: finding.value, range: formatRange(finding.range) };
    case 'unjudged':
      return { kind, state, metric: finding.metric, fault: faultWords(finding.fault) };
    case 'drift':
    case 'partial':
      return { kind, state };
  }
}

function checkMemoryBody({ cost, observation: { machine } }: Evaluation): MemoryBody | null {
  if (!cost.ok) return null;
  const { memTotal } = machine;
  const { origin, objectSize, objectsPerSlab, slabBytes, extension, extensionMost, certainty } = cost.value;
  return {
    origin,
    object_size_bytes: objectSize,
    objects_per_slab: objectsPerSlab,
    slab_bytes: slabBytes,
    extension_bytes: extension,
    certainty,
    extension_bytes_at_most: extensionMost,
    hash_table_bytes: hashTableNow(machine) ?? null,
    mem_total_bytes: memTotal.ok ? memTotal.value : null,
  };
}

function namespacesBody({ evaluation, identities }: Evaluated): NamespacesBody | null {
  const { observation, results, remarkable, fullest } = evaluation;
  const { visibility, unread } = observation;
  if (visibility?.ok !== true) return null;
  const { atLeast, processes, hidepid, mounts, mountsKnown } = visibility.value;
  const shown = [...new Set([...remarkable.slice(0, MOST_LISTED), ...fullest.slice(0, MOST_LISTED)])];
  return {
    found: results.length + unread.length,
    at_least: atLeast,
    processes,
    hidepid: hidepid ?? null,
    mounts_not_entered: mounts,
    mounts_known: mountsKnown,
    listed: shown.map((result) => ({
      ...namespaceBody(identities, result.table),
      state: result.state,
      metrics: valuesOf(result.measurements),
      losses: lossesBody(result),
    })),
    unread: unread
      .slice(0, MOST_LISTED)
      .map((namespace) => ({ ...namespaceBody(identities, namespace), fault: faultWords(namespace.fault) })),
    unread_count: unread.length,
  };
}

// In the schema the last base comes first, as the head does in the document.
/** @public */
export interface CheckDocument extends CheckBody, Head<'check'> {}

/**
 * A check without a result: there is no table, it cannot be read, or the arguments are wrong.
 *
 * @public
 */
export interface FailedCheckDocument extends FailedCheckBody, Head<'check'> {}
