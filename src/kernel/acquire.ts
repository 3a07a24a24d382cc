// Acquires one observation of a machine: which files are read, in which order, and what replaces a missing one.

import type { Configuration } from '../model/configuration.ts';
import type { Statistics } from '../model/counters.ts';
import type { Reading } from '../model/fault.ts';
import { GENERATIONS, type Generation } from '../model/generation.ts';
import type { Machine } from '../model/machine.ts';
import type { Observation, Observed } from '../model/observation.ts';
import type { ExtensionSettings, Table } from '../model/table.ts';
import { isInitialNamespace } from './namespaces/initial-namespace.ts';
import type { Inside } from './namespaces/inside.ts';
import { type NetDirectory, netDirectory } from './namespaces/namespace.ts';
import type { Swept } from './namespaces/sweep.ts';
import { readNumber } from './number.ts';
import type { Root } from './root.ts';
import { readConfiguration } from './settings/settings-files.ts';
import { NETLINK_LIMIT, parseEventListener } from './table/event-listener.ts';
import { readMachine } from './table/machine-files.ts';
import { entriesOf, parseStatistics } from './table/statistics.ts';
import { findGeneration, type Sysctls } from './table/sysctl-files.ts';
import { readClock } from './table/uptime.ts';

const OWN_STATISTICS_LIMIT = 1 << 22;
const OWN_KEY = 'own';

/**
 * Parts to read besides the table. A command requests only what it prints, so that it does not wait for the rest.
 */
export interface Wanted {
  /** `sizes` reads buckets and memory; `all` also reads the limit of expectations. */
  readonly machine?: 'all' | 'sizes' | 'least';
  /** Settings that make entries larger, if reading them takes a child process or a walk over all processes. */
  readonly extensions?: boolean;
  /** Every network namespace of the machine. */
  readonly namespaces?: boolean;
  readonly clock?: boolean;
  /** The limits that the machine's files set. */
  readonly configuration?: boolean;
  /** How the machine applies its settings; `for drift` reads it only if a file sets the limit. */
  readonly evidence?: 'always' | 'for drift' | 'never';
}

/** Never throws because of the machine's state. The root records a deadline that passed meanwhile. */
export async function acquire(root: Root, wanted: Wanted): Promise<Observed> {
  const net = netDirectory(root);
  if ('fault' in net) return { kind: 'fault', fault: net.fault };
  const sysctls = findGeneration(root);
  if (sysctls === undefined) return withoutSysctls(root, net);
  const read = await readOwnTable(root, net, sysctls);
  if (!read.ok) return { kind: 'fault', fault: read.fault };
  const { generation } = sysctls;
  const machine = readMachine(root, generation, wanted.machine ?? 'least');
  const own = { ...read.value, isInitial: isOwnInitial(root, net, machine) };
  const table = wanted.extensions === true ? await withExtensions(root, net, generation, own) : own;
  const swept = wanted.namespaces === true ? await sweepFrom(root, machine, table) : undefined;
  const observation = await observationOf(root, wanted, machine, swept ?? sweptAlone(table));
  return { kind: 'table', observation };
}

// Applies only to the namespace that this process is in.
async function withExtensions(root: Root, net: NetDirectory, generation: Generation, own: Table): Promise<Table> {
  if (root.view === 'captured' || !net.sysctlsAgree || generation === 'ip_conntrack') return own;
  const { readRuleBlocks } = await import('./rules/rules.ts');
  const { readListenerElsewhere } = await import('./table/listeners.ts');
  const extensions = { ...own.extensions, elsewhere: readListenerElsewhere(root), rules: readRuleBlocks(root, own) };
  return { ...own, extensions };
}

async function sweepFrom(root: Root, machine: Machine, own: Table): Promise<Swept> {
  const { sweep } = await import('./namespaces/sweep.ts');
  return sweep(root, machine, own);
}

function sweptAlone(own: Table): Swept {
  return { tables: [own], unread: [], visibility: undefined };
}

async function observationOf(root: Root, wanted: Wanted, machine: Machine, swept: Swept): Promise<Observation> {
  const clock = wanted.clock === true ? readClock(root) : undefined;
  const [own] = swept.tables;
  const configuration = wanted.configuration === true && own.isInitial === true ? readConfiguration(root) : undefined;
  const isRequested = wanted.evidence === 'always' || (wanted.evidence === 'for drift' && wantsLimit(configuration));
  const evidence = isRequested
    ? (await import('./settings/evidence.ts')).readEvidence(root, machine.generation)
    : undefined;
  return { machine, ...swept, clock, configuration, evidence };
}

function wantsLimit(configuration: Configuration | undefined): boolean {
  return configuration !== undefined && configuration.sysctl.length + configuration.hashsizes.length > 0;
}

// Kernels 3.10 to 5.4 export no sysctl to a namespace that a user namespace owns; its counters are still readable.
function withoutSysctls(root: Root, net: NetDirectory): Observed {
  const statistics = readProcStatistics(root, net, 'nf_conntrack');
  if (!statistics.ok && statistics.fault.kind === 'missing') return { kind: 'absent' };
  const [limitFile] = GENERATIONS.nf_conntrack.limitFiles;
  return { kind: 'fault', fault: { kind: 'missing', source: root.locate(limitFile) } };
}

// The host's namespace is that of its first process.
function isOwnInitial(root: Root, net: NetDirectory, { generation, release }: Machine): boolean | undefined {
  if (!net.sysctlsAgree || generation === 'ip_conntrack') return true;
  return isInitialNamespace(root, release.ok ? release.value : undefined);
}

type OwnTable = Omit<Table, 'isInitial'>;

async function readOwnTable(
  root: Root,
  net: NetDirectory,
  { generation, count, max }: Sysctls,
): Promise<Reading<OwnTable>> {
  if (!max.ok) return max;
  if (net.sysctlsAgree && !count.ok) return count;
  const { entries, statistics } = await readOwnInside(root, net, generation, count);
  if (!entries.ok) return entries;
  const table: OwnTable = {
    key: OWN_KEY,
    isOwn: true,
    pids: [],
    number: undefined,
    mount: undefined,
    entries: entries.value,
    entriesSource: entries.source,
    limit: max.value,
    limitSource: max.source,
    statistics,
    extensions: readExtensionSettings(root, net, generation),
  };
  return { ok: true, value: table, source: entries.source };
}

function readProcStatistics(root: Root, net: NetDirectory, generation: Generation): Reading<Statistics> {
  return root.read(`${net.path}/stat/${generation}`, OWN_STATISTICS_LIMIT, parseStatistics);
}

// The host's namespace, seen from another one through its /proc, may have to be entered.
async function readOwnInside(
  root: Root,
  net: NetDirectory,
  generation: Generation,
  count: Reading<number>,
): Promise<Inside> {
  const statistics = readProcStatistics(root, net, generation);
  const hasFile = statistics.ok || statistics.fault.kind !== 'missing';
  if (net.sysctlsAgree)
    return { entries: count, statistics: hasFile ? statistics : await queryCounters(root, statistics) };
  if (hasFile) return { entries: entriesOf(statistics), statistics };
  const { readHostInside } = await import('./namespaces/inside.ts');
  return readHostInside(root);
}

// A captured tree is only read: it may hold the output of conntrack(8).
async function queryCounters(root: Root, missing: Reading<Statistics>): Promise<Reading<Statistics>> {
  const { readCapturedStatistics, readToolStatistics } = await import('./table/conntrack-tool.ts');
  return root.view === 'captured' ? (readCapturedStatistics(root) ?? missing) : readToolStatistics(root);
}

// The sysctls of another namespace are not readable here, and ours do not apply to it.
function readExtensionSettings(root: Root, net: NetDirectory, generation: Generation): ExtensionSettings {
  const setting = (name: string): Reading<number> => {
    const path = `${GENERATIONS[generation].directory}/nf_conntrack_${name}`;
    if (net.sysctlsAgree) return readNumber(root, path);
    return { ok: false, fault: { kind: 'other-namespace', source: root.locate(path) } };
  };
  return {
    acct: setting('acct'),
    timestamp: setting('timestamp'),
    events: setting('events'),
    listener: root.read(`${net.path}/netlink`, NETLINK_LIMIT, parseEventListener),
  };
}
