// The observation of a healthy machine; a test changes only the fields that matter.

import type { Configuration, Evidence } from '../../../src/model/configuration.ts';
import type { Counters, Statistics } from '../../../src/model/counters.ts';
import type { Fault, Reading } from '../../../src/model/fault.ts';
import type { Machine } from '../../../src/model/machine.ts';
import type { Observation, Visibility } from '../../../src/model/observation.ts';
import type { Table, UnreadTable } from '../../../src/model/table.ts';

export const GIB = 2 ** 30;
/** Zero for each counter of a kernel since 5.15. */
export const QUIET = {
  drop: 0,
  early_drop: 0,
  insert_failed: 0,
  chainlength: 0,
  invalid: 0,
  clashres: 0,
  icmp_error: 0,
} as const satisfies Counters;

export function ok<T>(value: T, source = '/proc/x'): Reading<T> {
  return { ok: true, value, source };
}

export function fault(
  kind: Fault['kind'],
  source = '/proc/x',
  detail?: string,
): { readonly ok: false; readonly fault: Fault } {
  return { ok: false, fault: { kind, source, ...(detail === undefined ? {} : { detail }) } };
}

/** The counters of a machine with one CPU, zero unless given. */
export function counted(counters: Counters = {}): Reading<Statistics> {
  return ok({ cpus: [{ ...QUIET, ...counters }] }, '/proc/net/stat/nf_conntrack');
}

/** The same before 5.15, which does not limit chains. */
export function countedBefore515(counters: Counters): Reading<Statistics> {
  return ok({ cpus: [{ drop: 0, early_drop: 0, insert_failed: 0, ...counters }] }, '/proc/net/stat/nf_conntrack');
}

const MACHINE: Machine = {
  view: 'own',
  generation: 'nf_conntrack',
  release: ok({ major: 6, minor: 1 }, '/proc/sys/kernel/osrelease'),
  pageSize: ok(4096),
  wordSize: ok(8),
  slabCache: ok({ name: 'nf_conntrack', objectSize: 256, objectsPerSlab: 16, pagesPerSlab: 1 }, '/proc/slabinfo'),
  buckets: ok(500),
  memTotal: ok(1_000_000),
  available: ok({ bytes: GIB, exact: true }),
  expectMax: ok(256),
};

const STATISTICS: Statistics = {
  entries: 100,
  cpus: [
    { drop: 1, early_drop: 2, insert_failed: 3, chainlength: 4 },
    { drop: 10, early_drop: 20, insert_failed: 30, chainlength: 40 },
  ],
};

const TABLE: Table = {
  key: 'own',
  isOwn: true,
  isInitial: true,
  pids: [],
  number: undefined,
  mount: undefined,
  entries: 100,
  entriesSource: '/proc/sys/net/netfilter/nf_conntrack_count',
  limit: 1000,
  limitSource: '/proc/sys/net/netfilter/nf_conntrack_max',
  statistics: ok(STATISTICS, '/proc/net/stat/nf_conntrack'),
  extensions: {
    acct: ok(0),
    timestamp: ok(0),
    events: ok(2),
    listener: ok(false),
    elsewhere: ok(false),
    rules: ok('none'),
  },
};

export const NOTHING_CONFIGURED: Configuration = {
  sysctl: [],
  reader: 'systemd',
  scripts: [],
  services: [],
  hashsizes: [],
  refusedOptions: [],
  reapplied: false,
  aliases: [],
  hasTwoLimits: false,
  faults: [],
};

export const EVIDENCE: Evidence = {
  kind: 'systemd',
  mark: '/run/systemd/system',
  iptablesUnloads: undefined,
  builtIn: false,
  modulesFile: '/proc/modules',
  loader: undefined,
  udevRule: undefined,
  kubelet: undefined,
  kubeProxyFile: undefined,
  cpus: undefined,
  unseen: [],
};

/** Everything is visible. */
export const ALL: Visibility = {
  processes: 'all',
  hidepid: undefined,
  listed: true,
  mounts: 0,
  mountsKnown: true,
  atLeast: 1,
};

const BARE: Omit<Observation, 'machine' | 'tables'> = {
  unread: [],
  visibility: undefined,
  clock: undefined,
  configuration: undefined,
  evidence: undefined,
};

/** Changes to the machine, to our own table, and to the rest. */
export interface Changes
  extends Partial<Machine>,
    Partial<Omit<Table, 'key' | 'isOwn'>>,
    Partial<Omit<Observation, 'machine' | 'tables'>> {
  readonly others?: readonly Table[];
}

/** Our own table. */
export function table(changes: Partial<Table> = {}): Table {
  return { ...TABLE, ...changes };
}

/** Another network namespace's, `net:7` of process 7. */
export function otherTable(changes: Partial<Table> = {}): Table {
  return { ...TABLE, key: 'net:7', isOwn: false, isInitial: false, pids: [7], statistics: counted(), ...changes };
}

export function unreadTable(changes: Partial<UnreadTable> = {}): UnreadTable {
  const { pids, number, mount } = TABLE;
  const fault: Fault = { kind: 'missing', source: '/proc/x' };
  return { key: 'net:8', isOwn: false, isInitial: false, pids, number, mount, fault, ...changes };
}

export function observation({ others = [], ...changes }: Changes = {}): Observation {
  return {
    ...BARE,
    ...ofThem(BARE, changes),
    machine: { ...MACHINE, ...ofThem(MACHINE, changes) },
    tables: [{ ...TABLE, ...ofThem(TABLE, changes) }, ...others],
  };
}

/** Returns the changes to this part. */
function ofThem(part: object, changes: object): object {
  return Object.fromEntries(Object.entries(changes).filter(([name]) => name in part));
}
