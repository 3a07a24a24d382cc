// What a report tells of, and what its tables are called.

import type { Advice } from '../evaluate/advice.ts';
import type { Diagnosis } from '../evaluate/diagnosis.ts';
import type { TableResult } from '../evaluate/evaluate.ts';
import type { Lead } from '../evaluate/leads.ts';
import type { Shortage } from '../evaluate/nat-ports.ts';
import type { CounterName } from '../observation/counters.ts';
import type { Reading } from '../observation/fault.ts';
import type { FullLog } from '../observation/kernel-log.ts';
import type { Table } from '../observation/table.ts';
import type { Listed } from './listing.ts';
import type { Evaluated } from './message.ts';
import { labelOf } from './namespaces.ts';
import { grouped } from './prose.ts';
import { percentWords } from './words.ts';

export interface ReportFindings extends Evaluated {
  readonly diagnosis: Diagnosis;
  readonly log: Reading<FullLog>;
  /** Whose entries are listed. */
  readonly subject: Table;
  readonly listed: Listed;
  /** Whether the list cannot be the table's: it was given, and is much shorter or longer. */
  readonly isForeign: boolean;
  /** Whether NAT is short of ports, where packets are lost to clashes. */
  readonly shortage: Shortage;
  /** Seconds that an entry without an answer stays before it is evicted; undefined where none are. */
  readonly survival: number | undefined;
  readonly advice: readonly Advice[];
  /** What points to a loss outside of the tables, the gravest first. */
  readonly leads: readonly Lead[];
  /** What root would add; empty for root. */
  readonly sudo: readonly string[];
}

/** How full it is; without a limit, how much is in it. */
export function usageWords({ measurements: { usage }, table }: TableResult): string {
  return usage.kind === 'value' ? percentWords(usage.value) : `${grouped(table.entries)} entries`;
}

/** Since boot; undefined where it is not known. */
export function totalOf({ measurements }: TableResult, name: CounterName): number | undefined {
  const measured = measurements[name];
  return measured.kind === 'value' ? measured.value : undefined;
}

/** `the host`, `namespace of envoy (pid 12994)`. */
export function tableWords({ evaluation, identities }: Evaluated, table: Table): string {
  if (!table.isOwn) return labelOf(identities, table);
  if (evaluation.observation.machine.view === 'captured') return 'this tree';
  return table.isInitial ? 'the host' : 'this network namespace';
}
