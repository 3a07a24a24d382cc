// Two looks at some tables, and what a report has found out about them.

import { type Advice, adviceFor } from '../../../src/evaluate/advice.ts';
import { driftOf } from '../../../src/evaluate/drift.ts';
import { objectCost } from '../../../src/evaluate/footprint.ts';
import type { Holdings } from '../../../src/evaluate/holders.ts';
import { incidentOf, type Look } from '../../../src/evaluate/incident.ts';
import type {
  CpuCounters,
  Facts,
  FullLog,
  NamespaceTable,
  Reading,
  Statistics,
  Surroundings,
} from '../../../src/facts.ts';
import { driftWords } from '../../../src/present/drift.ts';
import type { Findings } from '../../../src/present/incident.ts';
import { facts, fault, ok } from './facts.ts';

const GIB = 2 ** 30;
const NO_LOG: FullLog = { lines: 0, namespaces: [] };

export interface Scene {
  readonly facts?: Partial<Facts>;
  /** Of our own table: before and after; without `after` there is no second look. */
  readonly entries?: readonly [number, number?];
  readonly counters?: readonly [CpuCounters, CpuCounters?] | 'none';
  /** Another namespace's. */
  readonly other?: {
    readonly entries: readonly [number, number];
    readonly counters?: readonly [CpuCounters, CpuCounters];
  };
  readonly unread?: boolean;
  readonly seconds?: number;
  readonly log?: Reading<FullLog>;
  readonly surroundings?: Partial<Surroundings>;
  readonly holdings?: Holdings;
  readonly pids?: readonly number[];
  readonly mount?: string;
  /** Addresses of the machine itself. */
  readonly own?: readonly string[];
}

const ZERO: CpuCounters = { drop: 0, early_drop: 0, insert_failed: 0, chainlength: 0 };

/** A limit of 1000 in 500 buckets, 64 GiB of memory, a kernel 6.1. */
export function scene(given: Scene): Findings {
  const { seconds = 1, log = ok(NO_LOG, '/dev/kmsg') } = given;
  const [before, after] = [lookOf(given, 0, 100), lookOf(given, 1, 100 + seconds)];
  const surroundings: Surroundings = {
    expectMax: ok(256),
    available: ok({ bytes: 32 * GIB, exact: true }),
    configuration: { sysctl: [], hashsizes: [], reapplied: false, faults: [] },
    evidence: { iptablesUnloads: undefined, builtIn: false, loadedAtBoot: false },
    systemd: true,
    ...given.surroundings,
  };
  const known = after.facts;
  const cost = objectCost(known, undefined);
  const drift = driftOf(known, surroundings.configuration);
  const incident = incidentOf(before, after, log.ok ? log.value : undefined, drift);
  const subject = incident.place.table;
  const { holdings } = given;
  return {
    facts: known,
    incident,
    sweep: after.sweep,
    identities: new Map([['net:7', { process: { pid: 4711, command: 'envoy' }, container: undefined }]]),
    log,
    drift: drift?.kind === 'below' ? driftWords(drift) : '',
    surroundings,
    cost,
    subject,
    isForeign: false,
    listed:
      holdings === undefined
        ? { kind: 'none', ...{ fault: fault('denied', '/proc/net/nf_conntrack').fault } }
        : { kind: 'list', source: '/proc/net/nf_conntrack', holdings, cut: undefined },
    advice: adviceFor({ facts: known, incident, surroundings, cost, drift, holdings, own: new Set(given.own) }),
    sudo: [],
  };
}

function lookOf(
  { facts: changes, entries = [0, 0], counters = [ZERO, ZERO], ...given }: Scene,
  at: 0 | 1,
  uptime: number,
): Look {
  const own = counters === 'none' ? undefined : (counters[at] ?? counters[0]);
  const count = entries[at] ?? entries[0];
  const known = facts({
    memTotal: ok(64 * GIB),
    statistics: own === undefined ? fault('denied', 'conntrack -S') : ok(statistics(count, own)),
    ...changes,
    count,
  });
  const single = at === 1 && entries.length === 1;
  return { uptime: single ? 100 : uptime, facts: known, sweep: sweepOf(given, at) };
}

function statistics(entries: number, counters: CpuCounters): Statistics {
  return { entries, cpus: [counters] };
}

function sweepOf({ other, unread = false, pids = [4711], mount }: Omit<Scene, 'facts'>, at: 0 | 1): Look['sweep'] {
  if (other === undefined && !unread) return undefined;
  const table = (key: string): Omit<NamespaceTable, 'entries' | 'statistics'> => ({
    key,
    pids,
    number: undefined,
    mount: mount === undefined ? undefined : { number: 7, path: mount },
  });
  const read: readonly NamespaceTable[] =
    other === undefined
      ? []
      : [
          {
            ...table('net:7'),
            entries: ok(other.entries[at]),
            statistics: ok(statistics(other.entries[at], other.counters?.[at] ?? ZERO)),
          },
        ];
  const broken = { ...table('net:8'), entries: fault('denied', '/proc/8'), statistics: fault('denied', '/proc/8') };
  const others = unread ? [...read, broken] : read;
  const sight = {
    processes: 'all',
    hidepid: undefined,
    listed: true,
    mounts: 0,
    mountsKnown: true,
    atLeast: 1 + others.length,
  } as const;
  return { others, sight };
}

export function kinds(advice: readonly Advice[]): readonly string[] {
  return advice.map(({ kind }) => kind);
}
