// Whether NAT has run out of ports in a table that loses packets to clashes: its list is read once for the group with the
// most connections, and once more for the ports of that.

import { counting } from '#system/counting';
import type { Root } from '../../kernel/root.ts';
import { readNatRanges } from '../../kernel/rules/rules.ts';
import type { Machine } from '../../model/machine.ts';
import type { Table } from '../../model/table.ts';
import type { Interruption } from '../interruption.ts';
import { eachPiece } from '../list/count.ts';
import type { Entry } from '../list/entry.ts';
import { openTableList } from '../list/entry-feed.ts';
import { parseEntries } from '../list/entry-list.ts';
import {
  countNat,
  countPort,
  largestGroup,
  newNatTally,
  portsOf,
  type Shortage,
  shortageOf,
  useOf,
} from './nat-ports.ts';

export async function natShortage(root: Root, machine: Machine, table: Table, stop: Interruption): Promise<Shortage> {
  const ranges = readNatRanges(root, table);
  const read = (found: (entry: Entry) => void) => eachEntry(root, machine, table, stop, found);
  const tally = newNatTally();
  if (!ranges.ok || !(await read((entry) => countNat(tally, entry)))) return 'unknown';
  const group = largestGroup(tally);
  if (group === undefined) return 'none';
  const ports = portsOf(group);
  await read((entry) => countPort(ports, entry));
  return shortageOf(useOf(ports), ranges.value) ?? 'none';
}

/**
 * Up to as many lines as this engine is quick with: a part of a list has fewer ports, and claims nothing more. Gives
 * whether there is a list.
 */
async function eachEntry(
  root: Root,
  machine: Machine,
  table: Table,
  stop: Interruption,
  found: (entry: Entry) => void,
): Promise<boolean> {
  const opened = openTableList(root, machine, table);
  if ('fault' in opened) return false;
  let left = counting.mostLines;
  try {
    await eachPiece(opened.feed, { stop, step: () => undefined }, (piece, length) => {
      if (left <= 0) return;
      parseEntries(piece, 0, length, (entry) => {
        left -= 1;
        found(entry);
      });
    });
    return true;
  } finally {
    opened.feed.close();
  }
}
