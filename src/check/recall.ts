// Samples of earlier runs; this run's sample is added for later ones. Loaded only with a state directory.

import { self } from '#system/self';
import type { Histories } from '../evaluate/evaluate.ts';
import { sampleOf } from '../evaluate/trend.ts';
import { remember, type Subject } from '../history/sample-store.ts';
import { namespaceInode } from '../kernel/namespaces/namespace.ts';
import { isYoungerThan } from '../kernel/namespaces/namespace-age.ts';
import type { Root } from '../kernel/root.ts';
import type { Reading } from '../model/fault.ts';
import type { BootClock, Observation } from '../model/observation.ts';
import type { Table } from '../model/table.ts';

/** `dir` must exist; its subdirectories are ours. Samples of our table and of the others are in separate files. */
export function recallTables(root: Root, { tables, clock }: Observation, dir: string, window: number): Histories {
  const [own, ...others] = tables;
  const known = clock?.ok ? readOwnTableName(root) : clock;
  if (known === undefined || clock?.ok !== true) return new Map();
  if (!known.ok) return new Map([[own.key, known]]);
  const name = known.value;
  const { boot } = clock.value;
  const remembered = (file: string, group: readonly Table[]) => {
    const subjects = group.map((table) => subjectOf(root, table, table.isOwn ? name : table.key, clock.value));
    const histories = remember(dir, self.effectiveUser(), { name: file, boot, window, subjects });
    return group.flatMap(({ key }, at) => (histories[at] === undefined ? [] : [[key, histories[at]] as const]));
  };
  const theirs = others.length === 0 ? [] : remembered(name.replace(/^\w+:/, 'all:'), others);
  return new Map([...remembered(name, [own]), ...theirs]);
}

/** Returns the name of our own table in the state files: `net:<inode of net/stat>`, or `tree:<path>` for a captured one. */
export function readOwnTableName(root: Root): Reading<string> {
  const inode = namespaceInode(root);
  if (typeof inode === 'object') return { ok: false, fault: inode };
  const source = root.locate('/proc/net/stat');
  return { ok: true, value: inode === undefined ? `tree:${root.locate('')}` : `net:${inode}`, source };
}

function subjectOf(root: Root, table: Table, name: string, clock: BootClock): Subject {
  return {
    table: name,
    now: sampleOf(table, clock),
    isYounger: (since) => isYoungerThan(root, table, since, clock.uptime),
  };
}
