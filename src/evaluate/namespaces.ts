// The tables of all other namespaces, judged like ours: what each is worth, and which of them are the gravest.

import type { Fault, NamespaceTable, Sweep } from '../facts.ts';
import { judge, type Verdict } from './judge.ts';
import { type Measurements, measureElsewhere } from './measure.ts';
import type { Losses } from './rates.ts';
import { compareSeverity, type State, worst } from './state.ts';
import { type Thresholds, thresholdsEverywhere } from './thresholds.ts';
import type { Trend } from './trend.ts';

/** One namespace whose table could be read. */
export interface Elsewhere {
  readonly table: NamespaceTable;
  readonly entries: number;
  readonly measurements: Measurements;
  readonly verdict: Verdict;
  readonly losses: Losses | undefined;
}

export interface Overview {
  readonly state: State;
  /** Those that a threshold or a loss makes worth telling: gravest first, then who loses most, then the fullest. */
  readonly remarkable: readonly Elsewhere[];
  /** All that could be read, those with the most entries first. */
  readonly fullest: readonly Elsewhere[];
  /** Found, and not readable: they may be in any state. */
  readonly unread: readonly { readonly table: NamespaceTable; readonly fault: Fault }[];
}

/** `trends` by the key of the table; empty without history. */
export function judgeNamespaces(
  { others }: Sweep,
  max: number,
  thresholds: Thresholds,
  trends: ReadonlyMap<string, Trend>,
): Overview {
  const everywhere = thresholdsEverywhere(thresholds);
  const judged = others.flatMap((table): Elsewhere[] => {
    if (!table.entries.ok) return [];
    const trend = trends.get(table.key);
    const { statistics } = table;
    const entries = table.entries.value;
    const measurements = { ...measureElsewhere({ count: entries, max, statistics }), ...trend?.measured };
    const verdict = judge(measurements, everywhere, undefined);
    return [{ table, entries, measurements, verdict, losses: trend?.losses }];
  });
  const remarkable = judged.filter((elsewhere) => elsewhere.verdict.findings.length > 0 || lost(elsewhere) > 0);
  const fullest = judged.slice().sort((a, b) => b.entries - a.entries);
  const unread = others.flatMap((table) => (table.entries.ok ? [] : [{ table, fault: table.entries.fault }]));
  const states = judged.map(({ verdict }) => verdict.state);
  const state = worst(unread.length === 0 ? states : [...states, 'unknown']);
  return { state, remarkable: remarkable.sort(byGravity), fullest, unread };
}

function byGravity(a: Elsewhere, b: Elsewhere): number {
  return compareSeverity(b.verdict.state, a.verdict.state) || lost(b) - lost(a) || b.entries - a.entries;
}

function lost({ losses }: Elsewhere): number {
  const { drop = 0, insert_failed = 0, chainlength = 0 } = losses?.events ?? {};
  return Math.max(drop, insert_failed, chainlength);
}
