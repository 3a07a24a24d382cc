// What a report tells of, and what its tables are called.

import type { Advice } from '../evaluate/advice.ts';
import type { ObjectCost } from '../evaluate/footprint.ts';
import type { Incident, Place } from '../evaluate/incident.ts';
import type { CounterName, Facts, FullLog, Identity, NamespaceTable, Reading, Surroundings, Sweep } from '../facts.ts';
import type { Listed } from './listing.ts';
import { labelOf } from './namespaces.ts';
import { grouped } from './prose.ts';
import { percentWords } from './words.ts';

export interface Findings {
  readonly facts: Facts;
  readonly incident: Incident;
  readonly sweep: Sweep | undefined;
  /** By the key of the table. */
  readonly identities: ReadonlyMap<string, Identity>;
  readonly log: Reading<FullLog>;
  /** A limit that is below what is configured, in words. */
  readonly drift: string;
  readonly surroundings: Surroundings;
  readonly cost: Reading<ObjectCost>;
  /** Whose entries are listed; undefined for ours. */
  readonly subject: NamespaceTable | undefined;
  readonly listed: Listed;
  /** Whether the list cannot be the table's: it was given, and is much shorter or longer. */
  readonly isForeign: boolean;
  readonly advice: readonly Advice[];
  /** What root would add; empty for root. */
  readonly sudo: readonly string[];
}

/** How full it is; without a limit, how much is in it. */
export function usageWords({ measurements: { usage }, entries }: Place): string {
  return usage.kind === 'value' ? percentWords(usage.value) : `${grouped(entries)} entries`;
}

/** Since boot; undefined where it is not known. */
export function totalOf({ measurements }: Place, name: CounterName): number | undefined {
  const measured = measurements[name];
  return measured.kind === 'value' ? measured.value : undefined;
}

export function placeWords(found: Pick<Findings, 'facts' | 'identities'>, table: NamespaceTable | undefined): string {
  if (table !== undefined) return labelOf(found, table);
  const { view, initialNamespace } = found.facts;
  if (view === 'captured') return 'this tree';
  return initialNamespace ? 'the host' : 'this network namespace';
}
