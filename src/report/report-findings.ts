// What a report tells of, and what its tables are called.

import type { TableResult } from '../evaluate/evaluate.ts';
import type { CounterName } from '../model/counters.ts';
import type { Reading } from '../model/fault.ts';
import type { FullLog } from '../model/full-log.ts';
import type { Table } from '../model/table.ts';
import type { Evaluated } from '../words/message.ts';
import { labelOf } from '../words/namespaces.ts';
import { grouped } from '../words/prose.ts';
import { percentWords } from '../words/words.ts';
import type { Advice } from './advice/advice.ts';
import type { Diagnosis } from './diagnosis/diagnosis.ts';
import type { Lead } from './diagnosis/leads/leads.ts';
import type { Shortage } from './diagnosis/nat-ports.ts';
import type { Listed } from './list/listing.ts';

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
