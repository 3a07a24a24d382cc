// Graphs for Munin: their names, fields and values. U is a value that cannot be read.

import type { Evaluation } from '../evaluate/evaluate.ts';
import { hashTableNow } from '../evaluate/footprint.ts';
import type { Measured } from '../evaluate/measurements.ts';
import { COUNTER_NAMES } from '../model/counters.ts';
import { COUNTER_WORDS } from '../words/counter-words.ts';
import type { MuninThresholds } from './munin-range.ts';

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

/** A table that was read, with the thresholds that its graphs show. */
export interface Drawable {
  readonly evaluation: Evaluation;
  readonly thresholds: MuninThresholds;
}

const UNREADABLE = 'U';
const FROM_ZERO = '--base 1000 -l 0';

/** The first one is for masters that can draw only one. */
export function graphs(drawable: Drawable | undefined, everywhere: boolean): readonly Graph[] {
  const others = everywhere ? namespaceGraphs(drawable) : [];
  return [entriesGraph(drawable), lossesGraph(drawable), memoryGraph(drawable), ...others];
}

function entriesGraph(drawable: Drawable | undefined): Graph {
  const { entries, limit } = drawable?.evaluation.results[0].table ?? {};
  return {
    name: 'conntrack',
    title: 'Connection tracking table',
    label: 'entries',
    args: FROM_ZERO,
    info: 'When the table is full the kernel drops new connections.',
    fields: [
      graphField(drawable, 'limit', 'limit', 'Maximum number of entries', figureText(limit === 0 ? undefined : limit)),
      graphField(drawable, 'entries', 'entries', 'Entries of this network namespace', figureText(entries)),
    ],
  };
}

function lossesGraph(drawable: Drawable | undefined): Graph {
  const { measurements } = drawable?.evaluation.results[0] ?? {};
  return {
    name: 'conntrack_losses',
    title: 'Connection tracking losses',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Munin puts the period in.
    label: 'events / ${graph_period}',
    args: FROM_ZERO,
    info: 'Counters of the kernel, under its own names.',
    fields: COUNTER_NAMES.filter((name) => measurements?.[name].kind !== 'none').map((name) => {
      const [label, info] = COUNTER_WORDS[name].munin;
      const counter = graphField(drawable, name, label, info, measuredText(measurements?.[name]));
      return { ...counter, attributes: ['type DERIVE', 'min 0', ...counter.attributes] };
    }),
  };
}

function memoryGraph(drawable: Drawable | undefined): Graph {
  const { measurements } = drawable?.evaluation.results[0] ?? {};
  const machine = drawable?.evaluation.observation.machine;
  const hash = machine && hashTableNow(machine);
  const full = measuredText(measurements?.slab_max);
  return {
    name: 'conntrack_memory',
    title: 'Connection tracking memory',
    label: 'bytes',
    args: '--base 1024 -l 0',
    info: 'None of it can be swapped.',
    fields: [
      graphField(drawable, 'slab_max', 'slab of a full table', 'Memory that a full table pins', full),
      graphField(drawable, 'slab', 'slab', 'Memory that the current entries use', measuredText(measurements?.slab)),
      graphField(drawable, 'hash_table', 'hash table', 'One pointer per bucket', figureText(hash)),
    ],
  };
}

function namespaceGraphs(drawable: Drawable | undefined): readonly Graph[] {
  const isSwept = drawable?.evaluation.observation.visibility?.ok === true;
  const entries = drawable?.evaluation.results.map(({ table }) => table.entries) ?? [];
  const fullest = isSwept ? Math.max(...entries) : undefined;
  const count = measuredText(drawable?.evaluation.results[0].measurements.netns_count);
  return [
    {
      name: 'conntrack_netns',
      title: 'Fullest network namespace',
      label: 'entries',
      args: FROM_ZERO,
      info: 'The limit applies to each network namespace separately.',
      fields: [
        graphField(drawable, 'fullest', 'fullest', 'Entries of the fullest network namespace', figureText(fullest)),
      ],
    },
    {
      name: 'conntrack_netns_count',
      title: 'Network namespaces',
      label: 'namespaces',
      args: FROM_ZERO,
      info: 'Network namespaces found.',
      fields: [graphField(drawable, 'count', 'namespaces', 'Network namespaces found, including this one', count)],
    },
  ];
}

function graphField(drawable: Drawable | undefined, name: string, label: string, info: string, value: string): Field {
  const attributes = (['warning', 'critical'] as const).flatMap((level) => {
    const range = drawable?.thresholds(name, level);
    return range === undefined ? [] : [`${level} ${range}`];
  });
  return { name, label, info, value, attributes };
}

function measuredText(of: Measured | undefined): string {
  return figureText(of?.kind === 'value' ? of.value : undefined);
}

function figureText(value: number | undefined): string {
  return value === undefined ? UNREADABLE : String(Math.round(value));
}

/** `dirty`: print values too, so that munin-node does not have to ask for them separately. */
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
    ...(dirty ? valueLines(graph) : []),
  ]);
}

export function muninValues(shown: readonly Graph[], multigraph: boolean): readonly string[] {
  return shown.flatMap((graph) => [...(multigraph ? [`multigraph ${graph.name}`] : []), ...valueLines(graph)]);
}

function valueLines({ fields }: Graph): readonly string[] {
  return fields.map(({ name, value }) => `${name}.value ${value}`);
}
