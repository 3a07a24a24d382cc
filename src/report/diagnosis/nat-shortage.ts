// Finds out if NAT has no port left in a table that loses packets to clashes: groups that are near the end of their
// range are counted again, port by port.

import { bytes } from '#system/bytes';
import type { TableResult } from '../../evaluate/evaluate.ts';
import { NOTHING_LOST } from '../../evaluate/losses.ts';
import type { Root } from '../../kernel/root.ts';
import { readNatRanges } from '../../kernel/rules/rules.ts';
import type { Machine } from '../../model/machine.ts';
import type { Table } from '../../model/table.ts';
import type { Interruption } from '../interruption.ts';
import { addressWords, kernelAddress } from '../list/address.ts';
import { marksOf } from '../list/begun.ts';
import { countEntries, eachPiece } from '../list/count.ts';
import type { Entry } from '../list/entry.ts';
import { type OpenedFeed, openAgain, openTableList } from '../list/entry-feed.ts';
import { parseEntries } from '../list/entry-list.ts';
import { type Holdings, holdingsOf, natCountsOf } from '../list/holders.ts';
import type { Listed } from '../list/listing.ts';
import type { NatGroup, PortRange } from '../list/nat-groups.ts';
import { DEFAULT_TIMEOUTS } from '../list/timeouts.ts';
import { clashedBefore, type Diagnosis, withExhausted } from './diagnosis.ts';
import {
  areAllCounted,
  candidatesOf,
  countPort,
  type GroupPorts,
  type NatShortage,
  portsOf,
  type Shortage,
  shortageByCount,
  shortageOf,
} from './nat-ports.ts';

/** The list of one table, which can be read more than once. */
export interface NatSource {
  readonly open: () => OpenedFeed;
  /** Its counts, if it has been read to the end already. */
  readonly holdings: Holdings | undefined;
}

/** Opens the file of a given list again; stdin cannot be read twice. */
export function natSource(
  root: Root,
  machine: Machine,
  table: Table,
  listed: Listed | undefined,
  captured: string | undefined,
): NatSource {
  const isWhole = listed?.kind === 'list' && listed.cut === undefined;
  return {
    open: () =>
      listed === undefined || captured === undefined ? openTableList(root, machine, table) : openAgain(captured),
    holdings: isWhole ? listed.holdings : undefined,
  };
}

/** The diagnosis with a table whose NAT ports are taken, and the shortage of the table that is meant. */
export async function withNatPorts(
  natDiagnosis: Diagnosis,
  shortageIn: (result: TableResult) => Promise<Shortage>,
): Promise<{ readonly natDiagnosis: Diagnosis; readonly shortage: Shortage }> {
  const { result } = natDiagnosis.worst;
  const { clash, fullOrClash } = result.lost ?? NOTHING_LOST;
  if (clash + fullOrClash > 0) return { natDiagnosis, shortage: await shortageIn(result) };
  for (const before of clashedBefore(natDiagnosis)) {
    const shortage = await shortageIn(before);
    if (typeof shortage !== 'string') return { natDiagnosis: withExhausted(natDiagnosis, before), shortage };
  }
  return { natDiagnosis, shortage: 'unknown' };
}

// Each is looked for in the whole list.
const MOST_SEARCHED = 16;
const MOST_COUNTED = 256;

export async function natShortage(root: Root, table: Table, source: NatSource, stop: Interruption): Promise<Shortage> {
  const holdings = source.holdings ?? (await countedHoldings(source, stop));
  return holdings === undefined ? 'unknown' : shortageAmong(root, table, { ...source, holdings }, stop);
}

async function shortageAmong(
  root: Root,
  table: Table,
  source: NatSource & { readonly holdings: Holdings },
  stop: Interruption,
): Promise<Shortage> {
  const isSample = source.holdings.sample !== undefined;
  const { counts, lacking } = natCountsOf(source.holdings);
  if (counts.length === 0) return isSample ? 'unknown' : 'none';
  const rules = readNatRanges(root, table);
  const ranges = rules.ok ? rules.value : [];
  const near = candidatesOf(counts, ranges, isSample);
  const ports = near.slice(0, isSample ? MOST_SEARCHED : MOST_COUNTED).map(portsOf);
  if (!(await countPorts(source, ports, isSample, stop))) return shortageByCount(counts) ?? 'unknown';
  // To deny it takes all rules, all lines and all groups.
  const isWhole = [rules.ok, !isSample, near.length === ports.length, areAllCounted(lacking, ranges)].every(Boolean);
  return firstShortage(ports, ranges) ?? (isWhole ? 'none' : 'unknown');
}

function firstShortage(ports: readonly GroupPorts[], ranges: readonly PortRange[]): NatShortage | undefined {
  const [first] = ports.flatMap((group) => shortageOf(group, ranges) ?? []);
  return first;
}

/** Undefined if there is no list, or its end was not reached. */
async function countedHoldings({ open }: NatSource, stop: Interruption): Promise<Holdings | undefined> {
  const opened = open();
  if ('fault' in opened) return undefined;
  const { digest, sample, cut } = await countEntries(opened.feed, marksOf(DEFAULT_TIMEOUTS), {
    stop,
    step: () => undefined,
  });
  return cut === undefined ? holdingsOf(digest, DEFAULT_TIMEOUTS, 1, sample) : undefined;
}

/** False if the end of the list was not reached. */
async function countPorts(
  { open }: NatSource,
  ports: readonly GroupPorts[],
  isLong: boolean,
  stop: Interruption,
): Promise<boolean> {
  if (ports.length === 0) return true;
  const opened = open();
  if ('fault' in opened) return false;
  const count = (entry: Entry) => {
    for (const group of ports) countPort(group, entry);
  };
  const searches = ports.flatMap(({ group }) => repliesOf(group));
  try {
    const cut = await eachPiece(opened.feed, { stop, step: () => undefined }, (piece, length) => {
      if (isLong) parseMatches(piece, length, searches, count);
      else parseEntries(piece, 0, length, count);
    });
    return cut === undefined;
  } finally {
    opened.feed.close();
  }
}

/** The reply of each entry of the group begins so, as the kernel or as conntrack(8) prints it. */
function repliesOf({ destination, translated, port, ipv6 }: NatGroup): readonly string[] {
  const forms = [addressWords, kernelAddress].map(
    (words) => `src=${words(destination, ipv6)} dst=${words(translated, ipv6)} sport=${port} dport=`,
  );
  return Array.from(new Set(forms));
}

/** Parses only the lines that have one of the words: an engine that is slow with bytes is quick with text. */
function parseMatches(
  piece: Uint8Array,
  length: number,
  words: readonly string[],
  onEntry: (entry: Entry) => void,
): void {
  const text = bytes.toLatin1(piece, 0, length);
  for (const word of words) {
    for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at)) {
      const end = text.indexOf('\n', at);
      const next = end === -1 ? length : end + 1;
      parseEntries(piece, text.lastIndexOf('\n', at) + 1, next, onEntry);
      at = next;
    }
  }
}
