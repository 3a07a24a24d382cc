// The same findings for programs: JSON, and Prometheus' text format. Every failure is a document too.

import { version } from '../../package.json';
import { hashTableBytes, type ObjectCost } from '../evaluate/footprint.ts';
import type { Finding } from '../evaluate/judge.ts';
import type { Measured } from '../evaluate/measure.ts';
import { METRIC_NAMES, type MetricName, metricSpec } from '../evaluate/metrics.ts';
import type { Elsewhere } from '../evaluate/namespaces.ts';
import { formatRange } from '../evaluate/range.ts';
import { exitCode } from '../evaluate/state.ts';
import type { Thresholds } from '../evaluate/thresholds.ts';
import { faultWords } from './faults.ts';
import { namedBody } from './named-body.ts';
import { type Everywhere, MOST_LISTED } from './namespaces.ts';
import { renderPrometheus } from './prometheus.ts';
import type { Figures, Told } from './told.ts';
import { foreignPath } from './words.ts';

/** Ends in a newline. */
export function renderDocument(format: 'json' | 'prometheus', command: string, told: Told): string {
  if (format === 'prometheus') return renderPrometheus(told);
  return renderJson(command, told, command === 'plan' || command === 'report' ? { [command]: null } : checkBody(told));
}

/** `body` behind what every command's document begins with: nagios/check_conntrack.schema.json. */
export function renderJson(command: string, { state, text, details }: Omit<Told, 'figures'>, body: object): string {
  const head = { schema_version: 1, version, command, state, exit_code: exitCode(state), message: text };
  return `${JSON.stringify({ ...head, ...body, details }, null, 2)}\n`;
}

function checkBody({ figures }: Told): object {
  if (figures === undefined) return { table: null };
  const { here, thresholds, cost, everywhere } = figures;
  const { facts, measurements, verdict, losses, drift } = here;
  return {
    table: {
      generation: facts.generation,
      view: facts.view,
      initial_namespace: facts.initialNamespace,
      count: facts.count,
      max: facts.max,
      buckets: facts.buckets.ok ? facts.buckets.value : null,
      sources: { count: foreignPath(facts.countSource), max: foreignPath(facts.maxSource) },
    },
    metrics: Object.fromEntries(METRIC_NAMES.map((name) => [name, metric(name, measurements[name], thresholds)])),
    findings: [
      ...verdict.findings.map((finding) => ({ ...findingBody(finding), namespace: null })),
      ...(everywhere?.overview.remarkable ?? []).flatMap((elsewhere) =>
        elsewhere.verdict.findings.map((finding) => ({ ...findingBody(finding), namespace: elsewhere.table.key })),
      ),
    ],
    losses: losses === undefined ? null : { seconds: losses.seconds, events: losses.events },
    drift: drift === '' ? null : drift,
    memory: cost.ok ? memory(figures, cost.value) : null,
    namespaces: everywhere === undefined ? null : namespaces(everywhere),
  };
}

function metric(name: MetricName, measured: Measured, thresholds: Thresholds): object {
  const { unit } = metricSpec(name);
  const { warning, critical } = thresholds[name] ?? {};
  const ranges = {
    ...(warning === undefined ? {} : { warning: formatRange(warning) }),
    ...(critical === undefined ? {} : { critical: formatRange(critical) }),
  };
  switch (measured.kind) {
    case 'value':
      return { value: measured.value, unit, ...ranges };
    case 'none':
      return { value: null, unit, reason: measured.why, ...ranges };
    case 'broken':
      return { value: null, unit, fault: faultWords(measured.fault), ...ranges };
  }
}

function findingBody(finding: Finding): object {
  const { kind, state } = finding;
  switch (finding.kind) {
    case 'threshold':
      return { kind, state, metric: finding.metric, value: finding.value, range: formatRange(finding.range) };
    case 'unjudged':
      return { kind, state, metric: finding.metric, fault: faultWords(finding.fault) };
    case 'drift':
      return { kind, state };
  }
}

function memory({ here }: Figures, cost: ObjectCost): object {
  const { buckets, memTotal } = here.facts;
  return {
    origin: cost.origin,
    object_size_bytes: cost.objectSize,
    objects_per_slab: cost.objectsPerSlab,
    slab_bytes: cost.slabBytes,
    extension_bytes: cost.extension,
    hash_table_bytes: buckets.ok ? hashTableBytes(buckets.value) : null,
    mem_total_bytes: memTotal.ok ? memTotal.value : null,
  };
}

function namespaces(everywhere: Everywhere): object {
  const { sweep, overview } = everywhere;
  const told = [...new Set([...overview.remarkable.slice(0, MOST_LISTED), ...overview.fullest.slice(0, MOST_LISTED)])];
  return {
    found: 1 + sweep.others.length,
    at_least: sweep.sight.atLeast,
    processes: sweep.sight.processes,
    hidepid: sweep.sight.hidepid ?? null,
    mounts_not_entered: sweep.sight.mounts,
    mounts_known: sweep.sight.mountsKnown,
    listed: told.map((elsewhere) => namespace(everywhere, elsewhere)),
    unread: overview.unread
      .slice(0, MOST_LISTED)
      .map(({ table, fault }) => ({ ...namedBody(everywhere, table), fault: faultWords(fault) })),
    unread_count: overview.unread.length,
  };
}

function namespace(everywhere: Everywhere, { table, verdict, measurements, losses }: Elsewhere): object {
  const values = METRIC_NAMES.flatMap((name) => {
    const measured = measurements[name];
    return measured.kind === 'value' ? [[name, measured.value] as const] : [];
  });
  return {
    ...namedBody(everywhere, table),
    state: verdict.state,
    metrics: Object.fromEntries(values),
    losses: losses === undefined ? null : { seconds: losses.seconds, events: losses.events },
  };
}
