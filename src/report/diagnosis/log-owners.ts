// The tables that lines of the kernel log belong to. Since 6.18 a line names its namespace by number, unless that is
// the initial one; before, no line does. The kernel reuses a number at once: a line that is older than a namespace is
// not about it.

import { isYoungerThan } from '../../kernel/namespaces/namespace-age.ts';
import type { Root } from '../../kernel/root.ts';
import type { FullLog, FullSpell, FullSpells, LogRecord } from '../../model/full-log.ts';
import type { Machine } from '../../model/machine.ts';
import type { Observation } from '../../model/observation.ts';
import { RECENT_SECONDS } from './diagnosis.ts';

/** The kernel writes a line within five seconds while it drops: after a longer pause something else begins. */
const PAUSE_SECONDS = 60;

/** The end of a longer log is enough. */
const MOST_OWNED_RECORDS = 5000;

export function fullSpells(root: Root, { records }: FullLog, observation: Observation): FullSpells {
  const owned = new Map<string, LogRecord[]>();
  const others: LogRecord[] = [];
  const ownerOf = lineOwners(root, observation);
  // Newest first: once a record predates the namespace, so do all earlier ones.
  for (const record of records.slice(-MOST_OWNED_RECORDS).reverse()) {
    const key = ownerOf(record);
    if (key === undefined) others.push(record);
    else (owned.get(key) ?? startRecords(owned, key)).push(record);
  }
  // If lines name their namespace, only those of the last one count.
  const number = others[0]?.namespace;
  const spell = lastSpell(others.filter(({ namespace }) => namespace === number).reverse());
  return {
    ofTables: new Map(
      Array.from(owned, ([key, ownRecords]) => [key, lastSpell(ownRecords.reverse())] as const).flatMap(
        isKnownNamespace,
      ),
    ),
    ofOthers: spell === undefined ? undefined : { spell, number, isNamed: isNamedBySpell(spell, number, observation) },
  };
}

/** Another kernel may have written what is older than this boot. */
function isNamedBySpell(
  { seconds, ago }: FullSpell,
  number: number | undefined,
  { machine, clock }: Observation,
): boolean {
  const isOfThisBoot = clock?.ok === true && ago + seconds <= clock.value.uptime;
  return number !== undefined || (isOfThisBoot && namesNamespaces(machine));
}

function startRecords(owned: Map<string, LogRecord[]>, key: string): LogRecord[] {
  const records: LogRecord[] = [];
  owned.set(key, records);
  return records;
}

/** Returns a function that gives the key of a record's table. It takes the newest record first. */
function lineOwners(root: Root, { tables, clock, machine }: Observation): (record: LogRecord) => string | undefined {
  const uptime = clock?.ok === true ? clock.value.uptime : undefined;
  const older = new Set<string>();
  return ({ namespace, ago }) => {
    if (uptime === undefined || ago > uptime || !namesNamespaces(machine)) return undefined;
    const table = tables.find(({ isInitial, number }) => (namespace === undefined ? isInitial : number === namespace));
    if (table === undefined || older.has(table.key)) return undefined;
    if (!isYoungerThan(root, table, uptime - ago, uptime)) return table.key;
    older.add(table.key);
    return undefined;
  };
}

/** 6.18: "netfilter: conntrack: print netns inum in table full message". */
function namesNamespaces({ release }: Machine): boolean {
  return release.ok && (release.value.major > 6 || (release.value.major === 6 && release.value.minor >= 18));
}

function lastSpell(records: readonly LogRecord[]): FullSpell | undefined {
  const starts = records.flatMap(({ ago }, at) => {
    const before = records[at - 1];
    return before === undefined || before.ago - ago > PAUSE_SECONDS ? [at] : [];
  });
  const spell = records.slice(starts[starts.length - 1]);
  const [first, last] = [spell[0], spell[spell.length - 1]];
  if (first === undefined || last === undefined) return undefined;
  const recent = starts.map((at) => records[at]?.ago ?? 0).filter((ago) => ago < RECENT_SECONDS);
  return {
    lines: spell.length,
    first: first.time,
    last: last.time,
    seconds: first.ago - last.ago,
    ago: last.ago,
    times: Math.max(1, recent.length),
    began: recent[0] ?? first.ago,
    allLines: records.length,
  };
}

function isKnownNamespace([key, spell]: readonly [string, FullSpell | undefined]): (readonly [string, FullSpell])[] {
  return spell === undefined ? [] : [[key, spell]];
}
