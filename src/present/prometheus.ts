// Prometheus' text format, version 0.0.4, for the textfile collector of node_exporter.

import { hashTableBytes } from '../evaluate/footprint.ts';
import type { Measured } from '../evaluate/measure.ts';
import type { MetricName } from '../evaluate/metrics.ts';
import { exitCode } from '../evaluate/state.ts';
import { COUNTERS, type NamespaceTable } from '../facts.ts';
import { type Everywhere, MOST_LISTED } from './namespaces.ts';
import type { Figures, Told } from './told.ts';
import { foreign } from './words.ts';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [value: number, labels?: Labels];

interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** Whatever went wrong, the state is there; the text is a comment. */
export function renderPrometheus({ state, text, figures }: Told): string {
  const check = gauge('check_state', 'State of the check: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.', exitCode(state));
  const families = [
    check,
    ...(figures === undefined ? [] : [...tableFamilies(figures), ...namespaceFamilies(figures)]),
  ];
  // A comment that begins with HELP or TYPE is none.
  return [`# ${state.toUpperCase()} - ${text}`, ...families.flatMap(familyLines), ''].join('\n');
}

function tableFamilies({ here }: Figures): readonly Family[] {
  const { facts, measurements } = here;
  const from = (name: MetricName, scale = 1): number | undefined => scaled(measurements[name], scale);
  return [
    gauge('entries', 'Entries of this network namespace.', facts.count),
    gauge('entries_limit', 'Limit of entries of each network namespace; 0 is no limit.', facts.max),
    gauge('usage_ratio', 'Entries of this network namespace by the limit.', from('usage', 1 / 100)),
    gauge('buckets', 'Buckets of the hash table.', facts.buckets.ok ? facts.buckets.value : undefined),
    gauge(
      'hash_table_bytes',
      'Memory of the hash table.',
      facts.buckets.ok ? hashTableBytes(facts.buckets.value) : undefined,
    ),
    gauge('slab_bytes', 'Slab memory that the entries hold.', from('slab')),
    gauge('slab_full_bytes', 'Slab memory that a full table pins.', from('slab_max')),
    ...COUNTERS.map((name) => counter(name, COUNTER_HELP[name], from(name))),
    gauge('growth_entries_per_second', 'Growth over the window.', from('growth')),
    gauge('time_to_full_seconds', 'Time until the table is full at this growth.', from('time_to_full')),
    gauge('namespaces', 'Network namespaces found.', from('netns_count')),
    gauge('namespaces_fullest_usage_ratio', 'Usage of the fullest network namespace.', from('netns_usage', 1 / 100)),
  ].filter(({ samples }) => samples.length > 0);
}

const COUNTER_HELP = {
  drop: 'Packets dropped because the table was full.',
  early_drop: 'Entries evicted to make room.',
  insert_failed: 'Insertions that failed; overlaps with drop.',
  chainlength: 'Insertions refused because a hash chain was too long.',
} as const;

function namespaceFamilies({ everywhere }: Figures): readonly Family[] {
  if (everywhere === undefined) return [];
  const fullest = everywhere.overview.fullest.slice(0, MOST_LISTED);
  const samples = (name: MetricName): readonly Sample[] =>
    fullest.flatMap(({ table, measurements }) => {
      const value = scaled(measurements[name], 1);
      return value === undefined ? [] : [[value, labelsOf(everywhere, table)] as const];
    });
  const families: readonly Family[] = [
    {
      name: 'namespace_entries',
      type: 'gauge',
      help: 'Entries of the fullest other network namespaces.',
      samples: samples('entries'),
    },
    ...COUNTERS.map(
      (name): Family => ({
        name: `namespace_${name}_total`,
        type: 'counter',
        help: COUNTER_HELP[name],
        samples: samples(name),
      }),
    ),
  ];
  return families.filter((family) => family.samples.length > 0);
}

// Not the process: a series for each would never end.
function labelsOf({ identities }: Everywhere, { key, mount }: NamespaceTable): Labels {
  const { process, container } = identities.get(key) ?? {};
  return {
    namespace: key,
    command: foreign(process?.command ?? ''),
    container: foreign(container?.id ?? ''),
    mount: foreign(mount?.path ?? ''),
  };
}

function scaled(measured: Measured, scale: number): number | undefined {
  return measured.kind === 'value' ? measured.value * scale : undefined;
}

function gauge(name: string, help: string, value: number | undefined): Family {
  return { name, type: 'gauge', help, samples: value === undefined ? [] : [[value]] };
}

function counter(name: string, help: string, value: number | undefined): Family {
  return { name: `${name}_total`, type: 'counter', help, samples: value === undefined ? [] : [[value]] };
}

function familyLines({ name, type, help, samples }: Family): readonly string[] {
  const full = `conntrack_${name}`;
  return [
    `# HELP ${full} ${help}`,
    `# TYPE ${full} ${type}`,
    ...samples.map(([value, labels]) => `${full}${labelText(labels)} ${value}`),
  ];
}

// Foreign text has no quote, backslash or line break left in it.
function labelText(labels: Labels | undefined): string {
  if (labels === undefined) return '';
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',')}}`;
}
