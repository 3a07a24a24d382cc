// Graphs for Munin: what each is called, which fields it has, and their values. U is a value that cannot be read.

import { hashTableBytes } from '../evaluate/footprint.ts';
import type { Measured, Measurements } from '../evaluate/measure.ts';
import type { MuninThresholds } from '../evaluate/munin-range.ts';
import { COUNTERS, type CounterName, type Facts } from '../facts.ts';

interface Field {
  readonly name: string;
  readonly label: string;
  readonly info: string;
  readonly value: string;
  readonly attributes: readonly string[];
}

export interface Graph {
  readonly name: string;
  readonly title: string;
  readonly label: string;
  readonly args: string;
  readonly info: string;
  readonly fields: readonly Field[];
}

/** A table that was read. */
interface Table {
  readonly facts: Facts;
  readonly measurements: Measurements;
  readonly thresholds: MuninThresholds;
}

const UNREADABLE = 'U';
const FROM_ZERO = '--base 1000 -l 0';

/** The first one is for masters that can draw only one. */
export function graphs(table: Table | undefined, everywhere: boolean): readonly Graph[] {
  return [entriesGraph(table), lossesGraph(table), memoryGraph(table), ...(everywhere ? namespaceGraphs(table) : [])];
}

function entriesGraph(table: Table | undefined): Graph {
  const { facts } = table ?? {};
  return {
    name: 'conntrack',
    title: 'Connection tracking table',
    label: 'entries',
    args: FROM_ZERO,
    info: 'When the table is full the kernel drops new connections.',
    fields: [
      field(table, 'limit', 'limit', 'No more entries than that', figure(facts?.max === 0 ? undefined : facts?.max)),
      field(table, 'entries', 'entries', 'Entries of this network namespace', figure(facts?.count)),
    ],
  };
}

const COUNTER_WORDS: Readonly<Record<CounterName, readonly [label: string, info: string]>> = {
  drop: ['dropped', 'Packets dropped because the table was full'],
  early_drop: ['evicted', 'Entries evicted to make room; nothing was lost by it'],
  insert_failed: ['insertions failed', 'Overlaps with dropped: never add the two'],
  chainlength: ['hash chain too long', 'Insertions refused below the limit'],
};

function lossesGraph(table: Table | undefined): Graph {
  return {
    name: 'conntrack_losses',
    title: 'Connection tracking losses',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Munin puts the period in.
    label: 'events / ${graph_period}',
    args: FROM_ZERO,
    info: 'Counters of the kernel, under its own names.',
    fields: COUNTERS.filter((name) => table?.measurements[name].kind !== 'none').map((name) => {
      const [label, info] = COUNTER_WORDS[name];
      const counter = field(table, name, label, info, measured(table?.measurements[name]));
      return { ...counter, attributes: ['type DERIVE', 'min 0', ...counter.attributes] };
    }),
  };
}

function memoryGraph(table: Table | undefined): Graph {
  const { buckets } = table?.facts ?? {};
  const hash = buckets?.ok ? hashTableBytes(buckets.value) : undefined;
  return {
    name: 'conntrack_memory',
    title: 'Connection tracking memory',
    label: 'bytes',
    args: '--base 1024 -l 0',
    info: 'None of it can be swapped.',
    fields: [
      field(
        table,
        'slab_max',
        'slab of a full table',
        'What the limit would pin',
        measured(table?.measurements.slab_max),
      ),
      field(table, 'slab', 'slab', 'What the present entries hold', measured(table?.measurements.slab)),
      field(table, 'hash_table', 'hash table', 'One pointer for each bucket', figure(hash)),
    ],
  };
}

function namespaceGraphs(table: Table | undefined): readonly Graph[] {
  const { facts, measurements } = table ?? {};
  const usage = measurements?.netns_usage;
  const fullest =
    usage?.kind === 'value' && facts !== undefined ? Math.round((usage.value * facts.max) / 100) : undefined;
  return [
    {
      name: 'conntrack_netns',
      title: 'Fullest network namespace',
      label: 'entries',
      args: FROM_ZERO,
      info: 'The limit holds for each network namespace by itself.',
      fields: [field(table, 'fullest', 'fullest', 'Entries of the fullest network namespace', figure(fullest))],
    },
    {
      name: 'conntrack_netns_count',
      title: 'Network namespaces',
      label: 'namespaces',
      args: FROM_ZERO,
      info: 'Network namespaces found.',
      fields: [field(table, 'count', 'namespaces', 'Found, this one included', measured(measurements?.netns_count))],
    },
  ];
}

function field(table: Table | undefined, name: string, label: string, info: string, value: string): Field {
  const attributes = (['warning', 'critical'] as const).flatMap((level) => {
    const range = table?.thresholds(name, level);
    return range === undefined ? [] : [`${level} ${range}`];
  });
  return { name, label, info, value, attributes };
}

function measured(of: Measured | undefined): string {
  return figure(of?.kind === 'value' ? of.value : undefined);
}

function figure(value: number | undefined): string {
  return value === undefined ? UNREADABLE : String(Math.round(value));
}

/** `dirty`: values may follow at once, so that munin-node need not ask again. */
export function muninConfig(shown: readonly Graph[], multigraph: boolean, dirty: boolean): readonly string[] {
  return shown.flatMap((graph) => [
    ...(multigraph ? [`multigraph ${graph.name}`] : []),
    `graph_title ${graph.title}`,
    `graph_args ${graph.args}`,
    `graph_vlabel ${graph.label}`,
    'graph_category network',
    `graph_info ${graph.info}`,
    ...graph.fields.flatMap(({ name, label, info, attributes }) =>
      [`label ${label}`, `info ${info}`, ...attributes].map((attribute) => `${name}.${attribute}`),
    ),
    ...(dirty ? values(graph) : []),
  ]);
}

export function muninValues(shown: readonly Graph[], multigraph: boolean): readonly string[] {
  return shown.flatMap((graph) => [...(multigraph ? [`multigraph ${graph.name}`] : []), ...values(graph)]);
}

function values({ fields }: Graph): readonly string[] {
  return fields.map(({ name, value }) => `${name}.value ${value}`);
}
