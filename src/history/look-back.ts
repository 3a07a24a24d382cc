// Looks at a table again: this run's sample, and what is remembered of the earlier ones.

import type { Facts, History, Reading } from '../facts.ts';
import { readMoment } from '../kernel/moment.ts';
import type { Root } from '../kernel/root.ts';
import { remember } from './history.ts';

/** `dir` must exist; what is below it is made and kept by us. A table without counters still has its entries. */
export function lookBack(root: Root, facts: Facts, dir: string, window: number): Reading<History> {
  const moment = readMoment(root, facts);
  if (!moment.ok) return moment;
  const { uptime, ...identity } = moment.value;
  const cpus = facts.statistics.ok ? facts.statistics.value.cpus : [];
  const euid = process.geteuid?.() ?? 0;
  return remember(dir, euid, { ...identity, now: { uptime, entries: facts.count, cpus }, window });
}
