// What earlier runs add to the check: recall samples, evaluate the trend. Loaded only with a state directory.

import { self } from '#system/self';
import { type Trend, trendOf } from '../evaluate/trend.ts';
import type { Facts, History, Reading } from '../facts.ts';
import { remember } from '../history/history.ts';
import { readMoment } from '../kernel/moment.ts';
import type { Root } from '../kernel/root.ts';

export interface LookBack {
  readonly history: Reading<History>;
  readonly trend: Trend;
}

/** `dir` must exist; what is below it is made and kept by us. */
export function lookBack(root: Root, facts: Facts, dir: string, window: number): LookBack {
  const history = recall(root, facts, dir, window);
  return { history, trend: trendOf(facts, history) };
}

// A table without counters still has its entries.
function recall(root: Root, facts: Facts, dir: string, window: number): Reading<History> {
  const moment = readMoment(root, facts);
  if (!moment.ok) return moment;
  const { uptime, boot, table, isYounger } = moment.value;
  const cpus = facts.statistics.ok ? facts.statistics.value.cpus : [];
  const subject = { table, isYounger, now: { uptime, entries: facts.count, cpus } };
  const [history] = remember(dir, self.effectiveUser(), { name: table, boot, window, subjects: [subject] });
  return history ?? { ok: false, fault: { kind: 'missing', source: dir } };
}
