// Prometheus' text format, version 0.0.4, for the textfile collector of node_exporter.

import { hashTableNow } from '../evaluate/footprint.ts';
import type { Measured } from '../evaluate/measurements.ts';
import type { MetricName } from '../evaluate/metrics.ts';
import { exitCode } from '../evaluate/state.ts';
import { COUNTER_NAMES } from '../model/counters.ts';
import type { Identities, Namespace } from '../model/table.ts';
import { COUNTER_WORDS } from '../words/counter-words.ts';
import type { Evaluated, Message } from '../words/message.ts';
import { MOST_LISTED } from '../words/namespaces.ts';
import { foreign } from '../words/words.ts';

type Labels = Readonly<Record<string, string>>;
type GaugeSample = readonly [value: number, labels?: Labels];

interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly samples: readonly GaugeSample[];
}

/** The state is always present; the text is a comment. */
export function renderPrometheus({ state, text, evaluated, incidents }: Message): string {
  const check = gaugeFamily(
    'check_state',
    'State of the check: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.',
    exitCode(state),
  );
  const families = [
    check,
    ...(incidents === undefined ? [] : [incidentFamily(incidents)]),
    ...(evaluated === undefined ? [] : [...tableFamilies(evaluated), ...namespaceFamilies(evaluated)]),
  ];
  // A line that begins with HELP or TYPE would not be a comment.
  return [`# ${state.toUpperCase()} - ${text}`, ...families.flatMap(familyLines), ''].join('\n');
}

function incidentFamily(total: number): Family {
  const help = 'Incidents that the check has recorded.';
  return { name: 'check_conntrack_incidents_total', type: 'counter', help, samples: [[total]] };
}

function tableFamilies({ evaluation: { observation, results } }: Evaluated): readonly Family[] {
  const [{ table, measurements }] = results;
  const { buckets } = observation.machine;
  const known = buckets.ok ? buckets.value : undefined;
  const from = (name: MetricName, scale = 1): number | undefined => scaledFigure(measurements[name], scale);
  return [
    gaugeFamily('entries', 'Entries of this network namespace.', table.entries),
    gaugeFamily('entries_limit', 'Limit of entries of each network namespace; 0 is no limit.', table.limit),
    gaugeFamily('usage_ratio', 'Entries of this network namespace / limit.', from('usage', 1 / 100)),
    gaugeFamily('buckets', 'Buckets of the hash table.', known),
    gaugeFamily('hash_table_bytes', 'Memory of the hash table.', hashTableNow(observation.machine)),
    gaugeFamily('slab_bytes', 'Slab memory of the current entries.', from('slab')),
    gaugeFamily('slab_full_bytes', 'Slab memory that a full table pins.', from('slab_max')),
    ...COUNTER_NAMES.map((name) => counterFamily(name, COUNTER_WORDS[name].prometheus, from(name))),
    gaugeFamily('growth_entries_per_second', 'Growth over the window.', from('growth')),
    gaugeFamily('time_to_full_seconds', 'Time until the table is full at this growth.', from('time_to_full')),
    gaugeFamily('namespaces', 'Network namespaces found.', from('netns_count')),
    gaugeFamily(
      'namespaces_fullest_usage_ratio',
      'Usage of the fullest network namespace.',
      from('netns_usage', 1 / 100),
    ),
  ].filter(({ samples }) => samples.length > 0);
}

function namespaceFamilies({ evaluation, identities }: Evaluated): readonly Family[] {
  const fullest = evaluation.fullest.slice(0, MOST_LISTED);
  const samples = (name: MetricName): readonly GaugeSample[] =>
    fullest.flatMap(({ table, measurements }) => {
      const value = scaledFigure(measurements[name], 1);
      return value === undefined ? [] : [[value, labelsOf(identities, table)] as const];
    });
  const families: readonly Family[] = [
    {
      name: 'namespace_entries',
      type: 'gauge',
      help: 'Entries of the fullest other network namespaces.',
      samples: samples('entries'),
    },
    ...COUNTER_NAMES.map(
      (name): Family => ({
        name: `namespace_${name}_total`,
        type: 'counter',
        help: COUNTER_WORDS[name].prometheus,
        samples: samples(name),
      }),
    ),
  ];
  return families.filter((family) => family.samples.length > 0);
}

// Without the process, which would create ever more series.
function labelsOf(identities: Identities, { key, mount }: Namespace): Labels {
  const { process, container } = identities.get(key) ?? {};
  return {
    namespace: key,
    command: foreign(process?.command ?? ''),
    container: foreign(container?.id ?? ''),
    pod: foreign(container?.name ?? ''),
    mount: foreign(mount?.path ?? ''),
  };
}

function scaledFigure(measured: Measured, scale: number): number | undefined {
  return measured.kind === 'value' ? measured.value * scale : undefined;
}

function gaugeFamily(name: string, help: string, value: number | undefined): Family {
  return { name, type: 'gauge', help, samples: value === undefined ? [] : [[value]] };
}

function counterFamily(name: string, help: string, value: number | undefined): Family {
  return { name: `${name}_total`, type: 'counter', help, samples: value === undefined ? [] : [[value]] };
}

function familyLines({ name, type, help, samples }: Family): readonly string[] {
  // The only series about the check, not the table.
  const full = name.startsWith('check_conntrack_') ? name : `conntrack_${name}`;
  return [
    `# HELP ${full} ${help}`,
    `# TYPE ${full} ${type}`,
    ...samples.map(([value, labels]) => `${full}${labelText(labels)} ${value}`),
  ];
}

// Untrusted text has lost its quotes, backslashes and line breaks.
function labelText(labels: Labels | undefined): string {
  if (labels === undefined) return '';
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',')}}`;
}
