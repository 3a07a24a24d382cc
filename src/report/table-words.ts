// A table in the words of a report: its name, its usage, and its counters since boot.

import type { TableResult } from '../evaluate/evaluate.ts';
import type { CounterName } from '../model/counters.ts';
import type { Table } from '../model/table.ts';
import type { Evaluated } from '../words/message.ts';
import { labelOf } from '../words/namespaces.ts';
import { grouped } from '../words/prose.ts';
import { percentWords } from '../words/words.ts';

/** The share of the limit; without a limit, the number of entries. */
export function usageWords({ measurements: { usage }, table }: TableResult): string {
  return usage.kind === 'value' ? percentWords(usage.value) : `${grouped(table.entries)} entries`;
}

/** Since boot; undefined if it is unknown. */
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
