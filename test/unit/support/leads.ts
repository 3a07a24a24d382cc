// Two samples of a healthy machine; a test changes only the fields that matter.

import { evaluate } from '../../../src/evaluate/evaluate.ts';
import { DEFAULT_THRESHOLDS } from '../../../src/evaluate/thresholds.ts';
import { sampleOf } from '../../../src/evaluate/trend.ts';
import type { Counters } from '../../../src/model/counters.ts';
import type { Reading } from '../../../src/model/fault.ts';
import type { FullLog, OtherFull } from '../../../src/model/full-log.ts';
import type { Generation } from '../../../src/model/generation.ts';
import type { KernelVersion } from '../../../src/model/machine.ts';
import type { Observation } from '../../../src/model/observation.ts';
import type { Table } from '../../../src/model/table.ts';
import { diagnose } from '../../../src/report/diagnosis/diagnosis.ts';
import type { BridgedSeen } from '../../../src/report/diagnosis/leads/bridged.ts';
import type { InvalidHandling } from '../../../src/report/diagnosis/leads/invalid.ts';
import {
  type Elsewhere,
  type LeadSources,
  type Look,
  leadsOf,
  withLeads,
} from '../../../src/report/diagnosis/leads/leads.ts';
import type { StackCounters } from '../../../src/report/diagnosis/leads/stack.ts';
import type { StaleTarget } from '../../../src/report/diagnosis/leads/stale-dnat.ts';
import type { ReportFindings } from '../../../src/report/report-findings.ts';

const NOT_ASKED = { ok: false, fault: { kind: 'not-asked', source: 'it' } } as const;
const NO_LOSS = { drop: 0, early_drop: 0, insert_failed: 0, chainlength: 0, invalid: 0, clashres: 0, icmp_error: 0 };
const NOTHING: Elsewhere = {
  stacks: new Map(),
  neighbours: [],
  allowances: [],
  zones: [],
  dataPlanes: [],
  expectations: new Map(),
};

/** One value per sample: before, and a second later. */
type Twice<T> = readonly [before: T, after: T];

export interface Given {
  readonly entries?: number;
  readonly seconds?: number;
  /** Counters of our own table. */
  readonly counters?: Twice<Counters>;
  /** Counters of the namespace of pid 4711. */
  readonly theirs?: Twice<Counters>;
  readonly elsewhere?: Twice<Partial<Elsewhere>> | undefined;
  readonly stacks?: Twice<StackCounters>;
  readonly expectMax?: number;
  readonly logged?: readonly OtherFull[];
  readonly handling?: InvalidHandling;
  readonly stale?: readonly StaleTarget[];
  readonly bridged?: BridgedSeen;
  readonly isInitial?: boolean;
  readonly generation?: Generation;
  /** Undefined if it is unknown. */
  readonly release?: KernelVersion | undefined;
}

function readingOf<T>(value: T): Reading<T> {
  return { ok: true, value, source: '/proc/x' };
}

function tableOf(key: string, counters: Counters, { entries = 10, isInitial = true }: Given): Table {
  const isOwn = key === 'own';
  return {
    key,
    isOwn,
    isInitial: isOwn && isInitial,
    pids: isOwn ? [] : [4711],
    number: undefined,
    mount: undefined,
    entries,
    entriesSource: '/proc/sys/net/netfilter/nf_conntrack_count',
    limit: 1000,
    limitSource: '/proc/sys/net/netfilter/nf_conntrack_max',
    statistics: readingOf({ entries, cpus: [{ ...NO_LOSS, ...counters }] }),
    extensions: { acct: NOT_ASKED, timestamp: NOT_ASKED, events: NOT_ASKED, listener: NOT_ASKED },
  };
}

function releaseOf(given: Given): Reading<KernelVersion> {
  if (!('release' in given)) return readingOf({ major: 6, minor: 1 });
  return given.release === undefined ? NOT_ASKED : readingOf(given.release);
}

function lookOf(given: Given, at: 0 | 1): Look {
  const { counters = [{}, {}], theirs, elsewhere, stacks, seconds = 1, expectMax, generation = 'nf_conntrack' } = given;
  const own = tableOf('own', counters[at], given);
  const others = theirs === undefined ? [] : [tableOf('net:7', theirs[at], { ...given, entries: 1 })];
  const extra = stacks === undefined ? {} : { stacks: new Map([['own', stacks[at]]]) };
  const observation: Observation = {
    machine: {
      view: 'own',
      generation,
      release: releaseOf(given),
      pageSize: readingOf(4096),
      wordSize: readingOf(8),
      slabCache: NOT_ASKED,
      buckets: readingOf(1000),
      memTotal: readingOf(2 ** 33),
      available: readingOf({ bytes: 2 ** 32, exact: true }),
      expectMax: expectMax === undefined ? NOT_ASKED : readingOf(expectMax),
    },
    tables: [own, ...others],
    unread: [],
    visibility: undefined,
    clock: readingOf({ boot: 'b', uptime: 100 + at * seconds }),
    configuration: undefined,
    evidence: undefined,
  };
  return { observation, elsewhere: { ...NOTHING, ...elsewhere?.[at], ...extra } };
}

const NO_LINES: FullLog = { lines: 0, namespaces: [], records: [] };

export function sources(given: Given): LeadSources {
  const [before, after] = [lookOf(given, 0), lookOf(given, 1)];
  const { tables, clock } = before.observation;
  const histories = new Map(
    tables.map((table) => {
      const past = clock?.ok === true ? [sampleOf(table, clock.value)] : [];
      return [table.key, readingOf({ past, window: 300 })] as const;
    }),
  );
  const options = { thresholds: DEFAULT_THRESHOLDS, objectSize: undefined, drift: 'ok', partial: 'ok' } as const;
  const log: FullLog = { ...NO_LINES, ...(given.logged === undefined ? {} : { others: given.logged }) };
  const { handling, stale = [], bridged } = given;
  return { evaluation: evaluate(after.observation, histories, options), before, after, log, handling, stale, bridged };
}

export function leadsFrom(given: Given): ReturnType<typeof leadsOf> {
  return leadsOf(sources(given));
}

export function kindsFrom(given: Given): readonly string[] {
  return leadsFrom(given).map(({ state, kind }) => `${state} ${kind}`);
}

/** Returns the findings of a report on it. */
export function findings(given: Given): ReportFindings {
  const sourceFacts = sources(given);
  const leads = leadsOf(sourceFacts);
  const { evaluation, log = NO_LINES } = sourceFacts;
  const process = { pid: 4711, command: 'envoy' };
  return {
    evaluation,
    diagnosis: withLeads(diagnose(evaluation, undefined), leads),
    identities: new Map([['net:7', { process, container: undefined }]]),
    log: readingOf(log),
    spells: undefined,
    recollection: { pasts: new Map(), lowered: new Map(), fault: undefined },
    subject: evaluation.observation.tables[0],
    listed: { kind: 'none', fault: { kind: 'denied', source: '/proc/net/nf_conntrack' } },
    isForeign: false,
    isGiven: false,
    policies: [],
    owners: [],
    shortage: 'unknown',
    survival: undefined,
    advice: [],
    leads,
    main: null,
    recent: [],
    sudo: [],
  };
}
